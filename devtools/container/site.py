"""A container's Azure environment on this machine: a vault, PostgreSQL, three shares, TLS in front,
and App Service's settings.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.azure_standin import VAULT_URL, AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.channel import CHANNEL_ID, make_channel
from devtools.container.container import HOME, Container, Finished, Mount, run_to_completion
from devtools.container.engine import Engine, EngineError
from devtools.front_end import FrontEnd
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.ports import free_port
from devtools.postgres import PostgresServer
from devtools.share import type_of

if TYPE_CHECKING:
    from typing_extensions import Self

FACILITY = "Kolibri School"
SUPERUSER, SUPERUSER_PASSWORD = "admin", "admin-password"
SECRET_KEY = "a-secret-key-that-no-one-guesses-0123456789"

CONTENT, MEDIA, BACKUPS = "/data/content", f"{HOME}/media", "/data/backups"
DRIVE = "/drive"

#: The trusted authorities in the image, as in any Debian.
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

#: Kolibri takes a minute to fill an empty database, or several on a slow machine.
FIRST_START_SECONDS = 600


@dataclass
class Site:
    """One deployment of the image; use it as a context manager.

    :param folder: contains the shares and the list of trusted authorities.
    :param settings: the app settings; change them to break things.
    :param port: the container's port; new containers reuse it.
    :param command: the command after the image's name; empty for the default.
    """

    folder: Path
    engine: Engine
    image: str
    azure: AzureStandin
    authority: CertificateAuthority
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    mounts: list[Mount] = field(default_factory=list)
    command: str = ""

    @classmethod
    def create(
        cls,
        folder: Path,
        engine: Engine,
        image: str,
        azure: AzureStandin,
        postgres: PostgresServer,
        authority: CertificateAuthority,
        *,
        database: str = "kolibri",
    ) -> Self:
        """A production site with its secrets in the vault, on a new, empty database."""
        site = cls(folder, engine, image, azure, authority)
        password = "p@ss/w:r#d%41?&=+"
        postgres.create_role(database, password)
        # As on Azure, where the app's identity is an administrator of the server.
        postgres.execute(f'ALTER ROLE "{database}" CREATEDB')
        postgres.create_database(database, owner=database)
        azure.set_secret("kolibri-database-url", postgres.url(database, database, password))
        azure.set_secret("kolibri-secret-key", SECRET_KEY)
        azure.set_secret("kolibri-superuser-password", SUPERUSER_PASSWORD)
        site.settings = {
            "KOLIBRI_AZURE_KEY_VAULT_URL": VAULT_URL,
            "KOLIBRI_AZURE_ALLOWED_HOSTS": "localhost",
            "KOLIBRI_AZURE_FACILITY_NAME": FACILITY,
            "KOLIBRI_AZURE_FACILITY_PRESET": "nonformal",
            "KOLIBRI_AZURE_SUPERUSER_NAME": SUPERUSER,
            "KOLIBRI_AZURE_BACKUP_FOLDER": BACKUPS,
            "KOLIBRI_ZIP_CONTENT_ORIGIN": site.zip_url,
        }
        return site

    def __post_init__(self) -> None:
        self._front_end = FrontEnd(self.port, self.authority)
        for source, target in (
            ("content", CONTENT),
            ("media", MEDIA),
            ("backups", BACKUPS),
            ("drive", DRIVE),
        ):
            path = self.folder / source
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)  # the container's user has no account here
            self.mounts.append(Mount(path, target))
        make_channel(self.folder / "drive")
        self.mounts.append(Mount(self._bundle(), SYSTEM_BUNDLE, read_only=True))

    def __enter__(self) -> Self:
        self._front_end.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._front_end.__exit__(*error)
        if os.getuid():
            self._chown_to_current_user()

    @property
    def url(self) -> str:
        """The address for learners."""
        return f"https://localhost:{self._front_end.port}"

    @property
    def zip_url(self) -> str:
        """The second origin, on the same port."""
        return f"https://127.0.0.1:{self._front_end.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The container's environment: the settings, and variables for this machine's servers."""
        return {
            **LOOPBACK_ONLY,
            **self.azure.environment(),
            "REQUESTS_CA_BUNDLE": SYSTEM_BUNDLE,
            "KOLIBRI_AZURE_MOUNT_TYPES": type_of(self.folder),
            "PORT": str(self.port),
            **self.settings,
        }

    def start(self, *command: str, **more: str) -> Container:
        """Start a container; `more` are additional settings."""
        return Container.start(
            self.engine,
            self.image,
            *(command or self.command.split()),
            environment={**self.environment, **more},
            mounts=self.mounts,
        )

    def run(self, *command: str, seconds: float = 120) -> Finished:
        """Run a container until its command ends."""
        return run_to_completion(
            self.engine,
            self.image,
            *command,
            environment=self.environment,
            mounts=self.mounts,
            seconds=seconds,
        )

    def client(self) -> KolibriClient:
        """A browser session, not signed in."""
        client = KolibriClient(self.url)
        # Otherwise the environment's list of authorities would take precedence.
        client.session.trust_env = False
        client.session.verify = str(self.authority.certificate_file)
        return client

    def signed_in(self) -> KolibriClient:
        """The administrator's session."""
        client = self.client()
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        return client

    def import_channel(self, container: Container) -> None:
        """Import the channel from a drive, in the running container."""
        for command in ("importchannel", "importcontent"):
            words = ("manage", command, "disk", CHANNEL_ID, f"{DRIVE}/KOLIBRI_DATA")
            done = container.execute("/opt/kolibri/container/entrypoint", "kolibri", *words)
            if done.code:
                raise EngineError(f"kolibri {' '.join(words)} failed:\n{done.output}")

    def _chown_to_current_user(self) -> None:
        """Give the files of the container's user to this user, who can then remove them."""
        # In a container of an ordinary user's Podman, root is that user.
        owner = "0:0" if self.engine.is_podman else f"{os.getuid()}:{os.getgid()}"
        self.engine.run(
            *("run", "--rm", "--user=0", "--entrypoint=chown", f"--volume={self.folder}:/site"),
            *(self.image, "-R", owner, "/site"),
        )

    def _bundle(self) -> Path:
        bundle = self.folder / "authorities.pem"
        sources = (self.authority.certificate_file, self.azure.authority_file)
        bundle.write_text("".join(source.read_text() for source in sources))
        return bundle
