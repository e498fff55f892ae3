"""Several instances on one database, as after scaling out, each with its own KOLIBRI_HOME.

They are test deployments on PostgreSQL, so they need no share and no vault.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devtools.certificates import CertificateAuthority
from devtools.kolibri_process import Kolibri
from devtools.postgres import PostgresServer

SECRET_KEY = "a-secret-key-that-no-one-guesses-0123456789"

#: The folder with the package, and with modules that Kolibri imports in tests.
REPOSITORY = Path(__file__).parents[1]


@dataclass
class Fleet:
    """Instances that share `database`.

    :param folder: the parent of their homes.
    :param plugins: additional plugins, in the folder `modules`.
    """

    folder: Path
    postgres: PostgresServer
    authority: CertificateAuthority
    database: str
    user: str = "kolibri"
    password: str = "p@ss/w:r#d%41?&=+"
    plugins: tuple[str, ...] = ()
    modules: tuple[Path, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    python: str | Path = sys.executable

    def instance(
        self, name: str, settings: Mapping[str, str] | None = None, *, port: int | None = None
    ) -> Kolibri:
        """An instance; the same name gives the same home.

        :param port: PostgreSQL's port for this instance, if not the server's own.
        """
        environment = {**self.environment(port), **self.settings, **(settings or {})}
        return Kolibri(self.folder / name, environment, python=self.python)

    def url(self) -> str:
        """The database URL, including the password."""
        return self.postgres.url(self.database, self.user, self.password)

    def environment(self, port: int | None = None) -> dict[str, str]:
        """The variables that App Service would set."""
        url = self.url()
        if port is not None:
            url = url.replace(f":{self.postgres.port}/", f":{port}/")
        passed = ("COVERAGE_PROCESS_START", "LD_LIBRARY_PATH")
        return {
            **{name: os.environ[name] for name in passed if name in os.environ},
            "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY, *self.modules))),
            "KOLIBRI_PLUGIN_ENABLE": ",".join(("kolibri_azure_plugin", *self.plugins)),
            "KOLIBRI_AZURE_DEPLOYMENT": "test",
            "KOLIBRI_DATABASE_URL": url,
            "KOLIBRI_SECRET_KEY": SECRET_KEY,
            "KOLIBRI_AZURE_DATABASE_SSL_MODE": "verify-full",
            "KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT": str(self.authority.certificate_file),
        }
