"""The portal's shell in the container: ``python -m kolibri_azure_plugin.container.shell``.

App Service connects over SSH on port 2222, as user root with a publicly known password. It lets no
one else reach that port, and authenticates its own visitors.
https://learn.microsoft.com/azure/app-service/configure-custom-container#enable-ssh

OpenSSH's server would have to run as root. This server runs as the container's user, and so do all
of its sessions.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import time
from collections import deque

import asyncssh

from kolibri_azure_plugin.cloud.network import on_app_service
from kolibri_azure_plugin.container import logs, terminal
from kolibri_azure_plugin.container.notification import notify_ready

logger = logging.getLogger("kolibri_azure_plugin.container.shell")

#: Used by the platform's client. The password is not a secret: the vendor's documentation has it.
PORT, USER, PASSWORD = 2222, "root", "Docker!"

#: Ciphers that the platform requires in addition to current ones.
OLDER_CIPHERS = "+aes256-cbc,aes128-cbc"

#: The most sessions at once.
MAX_SESSIONS = 5

#: Failed log-ins until a connection is closed; failed log-ins, and the seconds in which they count,
#: until all connections are refused for a while.
MAX_FAILURES, MAX_TOTAL_FAILURES, FAILURE_WINDOW = 3, 12, 60.0

#: Seconds: before a wrong password is refused, for a log-in, and before the port is tried again.
PAUSE, LOGIN_TIMEOUT, RETRY = 1.0, 30, 30

#: Seconds that all sessions have to end when the container stops.
SHUTDOWN_TIMEOUT = 2.5

GREETING = """\
This is Kolibri's container, with Kolibri's own settings. Its files are lost when it is replaced.

  kolibri manage azure_check                     what is wrong, why, and how to fix it
  kolibri manage help                            all other commands
  s6-svstat "$KOLIBRI_CONTAINER_RUN"/services/app  how long a part of the container has been running

"""


class Shell:
    """All connections and sessions, and their limits."""

    def __init__(self) -> None:
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._sessions: set[asyncio.Task[None]] = set()
        self._failures: deque[float] = deque(maxlen=MAX_TOTAL_FAILURES)
        self._count = 0

    async def listen(self, host: str, port: int) -> asyncssh.SSHAcceptor:
        """:raises OSError: when the port is taken."""
        return await asyncssh.create_server(
            lambda: ShellServer(self),
            host,
            port,
            # Generated at each start. A key in a file would be the same for all users of the image.
            server_host_keys=[
                asyncssh.generate_private_key("ssh-ed25519"),
                asyncssh.generate_private_key("ssh-rsa", key_size=2048),
            ],
            server_version="kolibri",
            encryption_algs=OLDER_CIPHERS,
            password_auth=True,
            public_key_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            sftp_factory=None,
            allow_scp=False,
            line_editor=False,
            encoding=None,
            login_timeout=LOGIN_TIMEOUT,
            keepalive_interval=60,
            process_factory=self._serve,
        )

    @property
    def is_locked_out(self) -> bool:
        """True after too many recent failed log-ins."""
        full = len(self._failures) == self._failures.maxlen
        return full and time.monotonic() - self._failures[0] < FAILURE_WINDOW

    def add(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.add(connection)

    def drop(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.discard(connection)

    def note_failure(self) -> None:
        self._failures.append(time.monotonic())

    async def close(self) -> None:
        """Disconnect every session, and wait until their programs have ended."""
        for connection in list(self._connections):
            connection.abort()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=SHUTDOWN_TIMEOUT)

    async def _serve(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        if session.subsystem or len(self._sessions) >= MAX_SESSIONS:
            session.stderr.write(b"Only a shell or a command, and only a few at once.\n")
            session.exit(1)
            return
        task = asyncio.current_task()
        assert task
        self._sessions.add(task)
        self._count += 1
        number, begun = self._count, time.monotonic()
        client = session.get_extra_info("peername", ("unknown",))[0]
        kind = "a command" if session.command else "a shell"
        logger.info("SSH session %d from %s begins: %s.", number, client, kind)
        try:
            if session.term_type is not None and not session.command:
                session.stdout.write(GREETING.replace("\n", "\r\n").encode())
            code = await terminal.run(session, _program(session.command), os.environ)
            with contextlib.suppress(OSError, asyncssh.Error):
                _report(session, code)
            # Ends asyncssh's redirections.
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(session.wait_closed(), SHUTDOWN_TIMEOUT)
        finally:
            self._sessions.discard(task)
            took = time.monotonic() - begun
            logger.info("SSH session %d ends after %.0f s.", number, took)


class ShellServer(asyncssh.SSHServer):
    """One connection. The library refuses everything that is not explicitly allowed here."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._failures = 0
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        if self._shell.is_locked_out:
            logger.warning("SSH: too many failed log-ins; refusing all connections for a while.")
            conn.abort()
            return
        self._connection = conn
        self._shell.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._connection is not None:
            self._shell.drop(self._connection)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        if (username, password) == (USER, PASSWORD):
            return True
        self._failures += 1
        self._shell.note_failure()
        logger.warning("SSH: a failed log-in.")
        await asyncio.sleep(PAUSE)
        if self._failures >= MAX_FAILURES and self._connection is not None:
            self._connection.abort()
        return False


def _program(command: str | None) -> list[str]:
    shell = shutil.which("bash") or "/bin/sh"
    return [shell, "-c", command] if command else [shell]


def _report(session: asyncssh.SSHServerProcess[bytes], code: int) -> None:
    if code < 0:
        session.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    else:
        session.exit(code)


def address() -> str:
    """The address to listen on. Only the platform may connect over the network."""
    return "0.0.0.0" if on_app_service() else "127.0.0.1"  # noqa: S104


async def serve(port: int) -> None:
    """Listen until SIGTERM.

    If the port can't be opened, try again. The container must never end because of it.
    """
    shell, stopped = Shell(), asyncio.Event()
    # nohup ignores it, which would let programs outlive their sessions.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    while not stopped.is_set():
        try:
            acceptor = await shell.listen(address(), port)
        except OSError as error:
            logger.error("SSH can't listen on port %d: %s.", port, error.strerror)  # noqa: TRY400
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stopped.wait(), RETRY)
            continue
        logger.warning("SSH listens on %s:%d: KOLIBRI_AZURE_SSH is true.", address(), port)
        notify_ready()
        await stopped.wait()
        acceptor.close()
        await shell.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kolibri_azure_plugin.container.shell")
    parser.add_argument("--port", type=int, default=PORT)
    logs.configure()
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
