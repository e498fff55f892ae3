"""A local deployment as on Azure, for the tests and the benchmarks.

It has a Key Vault (the stand-in), a PostgreSQL with TLS, a content share and a KOLIBRI_HOME, and
runs Kolibri's real commands in an otherwise empty environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.postgres import PostgresServer
from devtools.share import command_with_share, type_of

VAULT_URL = "https://kolibri.vault.azure.net"
SECRET_KEY = "a-secret-key-that-no-one-guesses-0123456789"

FACILITY = "Kolibri School"
SUPERUSER, SUPERUSER_PASSWORD = "admin", "admin-password"
LEARNER, LEARNER_PASSWORD = "learner", "learner-password"

#: All characters that are difficult in a URL, in libpq and in an ini file.
DATABASE_PASSWORD = "p@ss/w:r#d%41?&=+ é"

#: Variables that commands inherit; secrets and settings must come from the deployment.
INHERITED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")


@dataclass
class Deployment:
    """One instance of a deployment.

    :param home: its KOLIBRI_HOME.
    :param share: the folder that serves as the content share.
    :param mount_point: where the share is mounted.
    :param environment: the variables that App Service would set; change them to break things.
    :param kind: the kind of share at the mount point, see devtools.share; empty for none.
    :param more_shares: kind, mount point and source of further shares.
    """

    home: Path
    share: Path
    mount_point: Path
    environment: dict[str, str] = field(default_factory=dict)
    kind: str = "bind"
    python: str = sys.executable
    database: str = ""
    database_url: str = ""
    user: str = ""
    more_shares: list[tuple[str, Path, Path]] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        folder: Path,
        azure: AzureStandin,
        postgres: PostgresServer,
        authority: CertificateAuthority,
        *,
        database: str,
        user: str,
        password: str,
        python: str = sys.executable,
    ) -> Deployment:
        """A healthy production deployment with an empty or migrated database."""
        deployment = cls(folder / "home", folder / "share", folder / "mount", python=python)
        deployment.database, deployment.user = database, user
        deployment.database_url = postgres.url(database, user, password)
        for each in (deployment.share, deployment.mount_point):
            each.mkdir(parents=True, exist_ok=True)
        azure.set_secret("kolibri-database-url", deployment.database_url)
        azure.set_secret("kolibri-secret-key", SECRET_KEY)
        azure.set_secret("kolibri-superuser-password", SUPERUSER_PASSWORD)
        deployment.environment = {
            **LOOPBACK_ONLY,
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **azure.environment(),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "KOLIBRI_HOME": str(deployment.home),
            "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
            "KOLIBRI_AZURE_KEY_VAULT_URL": VAULT_URL,
            "KOLIBRI_AZURE_CONTENT_MOUNT": str(deployment.mount_point),
            "KOLIBRI_AZURE_MOUNT_TYPES": f"{type_of(deployment.share)},fuse",
            "KOLIBRI_AZURE_DATABASE_SSL_MODE": "verify-full",
            "KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT": str(authority.certificate_file),
            "KOLIBRI_AZURE_FACILITY_NAME": FACILITY,
            "KOLIBRI_AZURE_FACILITY_PRESET": "formal",
            "KOLIBRI_AZURE_SUPERUSER_NAME": SUPERUSER,
        }
        return deployment

    def kolibri(self, *arguments: str) -> list[str]:
        """The command line of a Kolibri command."""
        return self.command(self.python, "-m", "kolibri", *arguments)

    def command(self, *words: str) -> list[str]:
        """The command line, wrapped so that its process sees the share."""
        mounts = [mount for more in self.more_shares for mount in command_with_share(*more)]
        if self.kind:
            mounts += command_with_share(self.kind, self.mount_point, self.share)
        return [*mounts, *words]

    def run(
        self,
        *arguments: str,
        seconds: float = 120,
        settings: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a Kolibri command to its end, or kill it after `seconds`."""
        return run(self.kolibri(*arguments), {**self.environment, **(settings or {})}, seconds)

    def provision(self) -> None:
        """Migrate the database, which creates a facility and a superuser, and create a learner."""
        self.require(
            "manage",
            "shell",
            "-c",
            "from kolibri.core.auth.models import Facility, FacilityUser; "
            f"FacilityUser.objects.create_user({LEARNER!r}, password={LEARNER_PASSWORD!r}, "
            f"full_name={LEARNER!r}, facility=Facility.get_default_facility())",
        )

    def require(self, *arguments: str) -> str:
        """Run a Kolibri command that must succeed; return its output."""
        result = self.run(*arguments)
        if result.returncode != 0:
            raise RuntimeError(f"{arguments} failed:\n{result.stdout}\n{result.stderr}")
        return result.stdout


def run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, or kill it and its descendants after `seconds`."""
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, errors = process.communicate()
        raise TimeoutError(f"{command} took more than {seconds} s\n{output}\n{errors}") from None
    return subprocess.CompletedProcess(command, process.returncode, output, errors)
