"""A PostgreSQL with TLS that a test or the demo starts, changes and breaks."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from devtools.certificates import CertificateAuthority, IssuedCertificate
from devtools.deadline import wait_until
from devtools.ports import free_port
from devtools.postgres.account import Account
from devtools.postgres.administration import Administration
from devtools.postgres.configuration import Configuration, RadiusServer
from devtools.postgres.installation import Installation, find_installation
from devtools.postgres.leftovers import remove_leftovers, try_lock
from devtools.postgres.postmaster import READY_SECONDS, Postmaster
from devtools.state import state_folder

if TYPE_CHECKING:
    from typing_extensions import Self

TEMPORARY = "postgres-"
SOCKET_PATH_LIMIT = 100  # bytes; Linux takes 107, macOS 103


class PostgresServer(Administration):
    """One server on 127.0.0.1 that requires TLS and a password.

    Create it with :meth:`create` or :meth:`temporary`. The port does not change during the life of
    this object, even over restarts.
    """

    host = "localhost"

    def __init__(self, folder: Path, installation: Installation, *, durable: bool) -> None:
        self.installation = installation
        self.folder = folder
        self._account = Account.for_servers()
        try:
            self._lock = try_lock(folder)
        except BlockingIOError:
            raise PermissionError(
                f"the PostgreSQL in {folder} is in use by another process"
            ) from None
        self._configuration = Configuration(free_port(), _sockets(folder), folder, durable)
        self._postmaster = Postmaster(
            installation, self._account, folder / "data", folder / "server.log"
        )

    @classmethod
    def create(
        cls,
        state: Path,
        authority: CertificateAuthority,
        *,
        version: str | None = None,
        durable: bool = False,
    ) -> PostgresServer:
        """A server with its data in `state`, created if absent; not started.

        `version` selects a major version, such as "15", but existing data keep theirs. Without
        `durable`, a crash of the machine may lose data. The certificate, signed by `authority`, is
        for localhost and 127.0.0.1. Raises MissingPostgresError, and PermissionError if the
        server's account can't reach `state`.
        """
        account = Account.for_servers()
        state = state.absolute()
        state.mkdir(parents=True, exist_ok=True)
        if not account.can_enter(state.parent):
            raise PermissionError(
                f"PostgreSQL does not run as root but as {account.name}, which can't enter "
                f"{state.parent}: use a folder under {state_folder()}"
            )
        made_with = state / "data" / "PG_VERSION"
        major = made_with.read_text().strip() if made_with.exists() else version
        server = cls(state, find_installation(major), durable=durable)
        for folder in (state, server._configuration.sockets):
            account.own(folder)
        server.use_certificate(authority.issue("postgres", ["localhost", "127.0.0.1"]))
        server._postmaster.initialise()
        return server

    @classmethod
    @contextmanager
    def temporary(
        cls, authority: CertificateAuthority, *, version: str | None = None
    ) -> Iterator[PostgresServer]:
        """A running server whose data are removed at the end."""
        remove_leftovers(state_folder(), f"{TEMPORARY}*")
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=state_folder()))
        try:
            with cls.create(folder, authority, version=version) as server:
                yield server
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        return self._configuration.port

    @property
    def running(self) -> bool:
        return self._postmaster.running

    @property
    def log(self) -> str:
        """The server's log so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    def start(self) -> None:
        """Start, and wait until the server accepts connections."""
        if not self.running:
            self._clear_hold()
            self._write_configuration()
            self._postmaster.start()
            self._postmaster.wait_until_ready()

    def start_held_in_recovery(self) -> None:
        """Start, and answer "the database system is starting up" (57P03) until :meth:`release`.

        The server really recovers, from an archive whose restore_command waits.
        """
        self.stop()
        self._write_configuration()
        for path in (self._configuration.hold_file, self.folder / "data" / "recovery.signal"):
            path.touch()
            self._account.own(path)
        self._postmaster.start()
        wait_until(self._answers_starting_up, "PostgreSQL to be starting up", READY_SECONDS)

    def release(self) -> None:
        """Let a held server become ready, and wait until it accepts writes again."""
        self._configuration.hold_file.unlink(missing_ok=True)
        self._postmaster.wait_until_ready()
        wait_until(self._recovered, "PostgreSQL to end its recovery", READY_SECONDS)

    def stop(self, mode: str = "fast") -> None:
        """Stop: "fast" ends the sessions in order, "immediate" as after a detected crash."""
        self._postmaster.stop(mode)
        self._clear_hold()

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """Kill the server with SIGKILL; :meth:`start` recovers it."""
        self._postmaster.kill()

    def close(self) -> None:
        """Stop, and release the folder for other processes."""
        self.stop()
        shutil.rmtree(self._configuration.sockets, ignore_errors=True)
        self._lock.close()

    def abandon(self) -> None:
        """Leave the server running but release its folder, as if this process was killed."""
        self._lock.close()

    def configure(self, **settings: str | int) -> None:
        """Change settings in postgresql.conf; some take effect only at the next restart."""
        self._configuration.settings.update({name: str(v) for name, v in settings.items()})
        self._write_configuration()

    def set_tls(self, *, offered: bool) -> None:
        """Enable or disable TLS for new connections; without it, TCP connections fail."""
        self.configure(ssl="on" if offered else "off")

    def use_certificate(self, certificate: IssuedCertificate) -> None:
        """Use this certificate for new connections."""
        for source, target in (
            (certificate.certificate_file, self._configuration.certificate_file),
            (certificate.key_file, self._configuration.key_file),
        ):
            target.touch(0o600)
            target.write_bytes(source.read_bytes())
            self._account.own(target)
        self._postmaster.reload()

    def use_radius(self, role: str, *, port: int, secret: str) -> None:
        """Let a RADIUS server on 127.0.0.1 check the passwords of `role` (at most 128 bytes)."""
        self._configuration.radius[role] = RadiusServer(port, secret)
        self._write_configuration()

    def connect(self, database: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=str(self._configuration.sockets),
            port=self.port,
            user="postgres",
            dbname=database,
        )

    def _answers_starting_up(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg2.OperationalError as error:
            return "the database system is starting up" in str(error)
        return False

    def _recovered(self) -> bool:
        return bool(self.execute("SELECT NOT pg_is_in_recovery()")[0][0])

    def _clear_hold(self) -> None:
        self._configuration.hold_file.unlink(missing_ok=True)
        (self.folder / "data" / "recovery.signal").unlink(missing_ok=True)

    def _write_configuration(self) -> None:
        for name, content in (
            ("postgresql.conf", self._configuration.postgresql_conf()),
            ("pg_hba.conf", self._configuration.pg_hba_conf()),
        ):
            path = self.folder / "data" / name
            path.write_text(content)
            self._account.own(path)
        self._postmaster.reload()


def _sockets(folder: Path) -> Path:
    """A folder for the socket with a short enough path."""
    sockets = folder / "sockets"
    if len(os.fsencode(sockets / ".s.PGSQL.12345")) > SOCKET_PATH_LIMIT:
        return Path(tempfile.mkdtemp(prefix="kolibri-azure-", dir="/tmp"))
    sockets.mkdir(exist_ok=True)
    return sockets
