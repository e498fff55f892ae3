"""PostgreSQL's own programs: where they are, and how they sign in.

No argument contains a secret: the login is in their environment, which only this user can read.
"""

from __future__ import annotations

import dataclasses
import functools
import glob
import os
import re
import subprocess
from collections.abc import Iterator, Mapping

from psycopg2.extensions import make_dsn

from kolibri_azure_plugin.database.config import DatabaseConfig, Login
from kolibri_azure_plugin.database.sessions import session_name
from kolibri_azure_plugin.errors import BackupError

PROGRAMS = ("pg_dump", "pg_restore", "psql")

#: Folders of Debian's packages, the image's among them. In PATH, Debian has a script that chooses.
DEBIAN = "/usr/lib/postgresql/*/bin"

#: libpq's parameters, with their environment variables.
#: https://www.postgresql.org/docs/current/libpq-envars.html
VARIABLES = {
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "gssencmode": "PGGSSENCMODE",
    "options": "PGOPTIONS",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}

#: Those without a variable: a program notices that the server is silently lost.
KEEPALIVES = (
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)

#: The environment variables that the programs inherit. They need no others, such as secrets.
INHERITED = ("PATH", "LD_LIBRARY_PATH", "HOME")

#: Seconds for a program to print its version.
VERSION_TIMEOUT = 10


@dataclasses.dataclass(frozen=True)
class Client:
    """The programs of one version.

    :param version: as they print it, such as ``17.6``.
    """

    folder: str
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> str:
        return os.path.join(self.folder, name)


@dataclasses.dataclass(frozen=True)
class Connection:
    """What a program needs to connect.

    :param environment: its whole environment.
    :param argument: for pg_dump and psql; it contains no secret.
    """

    environment: Mapping[str, str] = dataclasses.field(repr=False)
    argument: str


def require_client(server_major: int) -> Client:
    """The newest programs on this machine, which have to be as new as the server.

    Newer programs can read and write older servers, but not the other way round.

    :raises BackupError: when there are none, or only older ones.
    """
    newest = max(_clients(), key=lambda client: client.major, default=None)
    if newest is not None and newest.major >= server_major:
        return newest
    raise BackupError(
        "PostgreSQL's programs are too old for the server."
        if newest
        else "PostgreSQL's programs are missing.",
        expected=f"{', '.join(PROGRAMS)} of version {server_major} or newer, in PATH or {DEBIAN}",
        found=f"version {newest.version} in {newest.folder}" if newest else "none",
        remedy="Use the image of this project, which contains them; or, on Debian:\n"
        f"apt-get install postgresql-client-{server_major}",
        code="backup-client",
    )


@functools.lru_cache(maxsize=1)
def _clients() -> tuple[Client, ...]:
    return tuple(client for folder in _folders() if (client := _examine(folder)) is not None)


def _folders() -> Iterator[str]:
    yield from sorted(glob.glob(DEBIAN))
    yield from os.get_exec_path()


def _examine(folder: str) -> Client | None:
    paths = [os.path.join(folder, name) for name in PROGRAMS]
    if not all(os.access(path, os.X_OK) for path in paths):
        return None
    try:
        said = subprocess.run(
            [paths[0], "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_TIMEOUT,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\) (\d+\S*)", said)
    return Client(folder, number.group(1)) if number else None


def connection(config: DatabaseConfig, login: Login, purpose: str) -> Connection:
    """A program's connection, with the login, TLS and keepalives of all other connections."""
    parameters: Mapping[str, object] = config.connection_parameters()
    environment = {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "LC_ALL": "C.UTF-8",
        "PGAPPNAME": session_name(purpose),
        "PGHOST": config.host,
        "PGPORT": config.port or "5432",
        "PGDATABASE": config.name,
        "PGUSER": login.user,
        "PGPASSWORD": login.password,
        **{
            variable: str(parameters[name])
            for name, variable in VARIABLES.items()
            if name in parameters
        },
    }
    keepalives = {name: parameters[name] for name in KEEPALIVES if name in parameters}
    return Connection(environment, f"--dbname={make_dsn(**keepalives)}")
