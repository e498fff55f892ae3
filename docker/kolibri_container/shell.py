"""The portal's shell in the container: ``python -m kolibri_container.shell``.

App Service reaches it over SSH on port 2222, as user root with a password that everybody knows; it
lets nobody else near that port, and asks who its own visitor is.
https://learn.microsoft.com/azure/app-service/configure-custom-container#enable-ssh

OpenSSH's server would have to run as root. This one runs as the user of the container, and whoever
signs in is that user too.
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
from kolibri_container import logs, terminal

logger = logging.getLogger("kolibri_container.shell")

#: What the platform's client uses. Not a secret: it is printed in the vendor's documentation.
PORT, USER, PASSWORD = 2222, "root", "Docker!"

#: Ciphers that the platform asks for beside those of today.
OLDER_CIPHERS = "+aes256-cbc,aes128-cbc"

#: Sessions at once.
MOST_SESSIONS = 5

#: Failed log-ins after which a connection is cut, and those within so many seconds after which
#: nobody is heard for a while.
MOST_FAILURES, MOST_FAILURES_OF_ALL, FAILURES_COUNT_FOR = 3, 12, 60.0

#: Seconds between a wrong password and its refusal; for a log-in; until the port is tried again.
PAUSE, LOGIN_TIMEOUT, RETRY = 1.0, 30, 30

#: Seconds in which all sessions have to end when the container does.
FAREWELL = 2.5

#: Where a supervisor waits to hear that the port is open.
NOTIFICATION_FD = 3

GREETING = """\
This is a container of Kolibri, with the settings that Kolibri runs with. Files are lost with it.

  kolibri manage azure_check                     what is wrong, why, and what to type
  kolibri manage help                            all other commands
  s6-svstat "$KOLIBRI_CONTAINER_RUN"/services/app  how long a part of the container has been running

"""


class Shell:
    """All connections and sessions, and what limits them."""

    def __init__(self) -> None:
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._sessions: set[asyncio.Task[None]] = set()
        self._failures: deque[float] = deque(maxlen=MOST_FAILURES_OF_ALL)
        self._count = 0

    async def listen(self, host: str, port: int) -> asyncssh.SSHAcceptor:
        """:raises OSError: when the port is taken."""
        return await asyncssh.create_server(
            lambda: Visitor(self),
            host,
            port,
            # Made anew at each start: a key in a file would be the same for all who run the image.
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
    def is_tired(self) -> bool:
        """True after too many failed log-ins in a short time."""
        full = len(self._failures) == self._failures.maxlen
        return full and time.monotonic() - self._failures[0] < FAILURES_COUNT_FOR

    def add(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.add(connection)

    def drop(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connections.discard(connection)

    def note_failure(self) -> None:
        self._failures.append(time.monotonic())

    async def close(self) -> None:
        """Cut every session, and wait until their programs have ended."""
        for connection in list(self._connections):
            connection.abort()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=FAREWELL)

    async def _serve(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        if session.subsystem or len(self._sessions) >= MOST_SESSIONS:
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
        finally:
            self._sessions.discard(task)
            took = time.monotonic() - begun
            logger.info("SSH session %d ends after %.0f s.", number, took)


class Visitor(asyncssh.SSHServer):
    """One connection. What is not allowed here in so many words is refused by the library."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._failures = 0
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        if self._shell.is_tired:
            logger.warning("SSH: too many failed log-ins; nobody is heard for a while.")
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
        if self._failures >= MOST_FAILURES and self._connection is not None:
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
    """Where to listen: the platform comes over the network, everybody else from this machine."""
    return "0.0.0.0" if on_app_service() else "127.0.0.1"  # noqa: S104


async def serve(port: int) -> None:
    """Listen until SIGTERM comes.

    A port that can't be opened is tried again, and never a reason for the container to end.
    """
    shell, stopped = Shell(), asyncio.Event()
    # Ignored where this was started with nohup; its sessions' programs would then outlive them.
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
        with contextlib.suppress(OSError):
            os.write(NOTIFICATION_FD, b"\n")
            os.close(NOTIFICATION_FD)
        await stopped.wait()
        acceptor.close()
        await shell.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kolibri_container.shell")
    parser.add_argument("--port", type=int, default=PORT)
    logs.configure()
    logging.getLogger("asyncssh").setLevel(logging.ERROR)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
