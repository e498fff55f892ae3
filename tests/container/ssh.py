"""The shell's server, and a client of SSH."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import asyncssh
import pytest

from devtools.deadline import wait_until
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.ports import free_port
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.container import shell

#: Seconds for an immediate event on a busy machine.
SOON = 20

REPOSITORY = Path(__file__).parents[2]

#: The asyncssh of the image needs Python 3.10.
needs_asyncssh = pytest.mark.skipif(
    not hasattr(asyncssh.SSHServerProcess, "set_redirect_pid"), reason="needs asyncssh 2.24"
)

ENVIRONMENT = {
    "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]),
    "PYTHONPATH": str(REPOSITORY),
}


def start(folder: Path, **settings: str) -> BackgroundProcess:
    """The server of the shell, as the supervisor starts it, on its own port."""
    port = free_port()
    home = folder / "home"
    home.mkdir(exist_ok=True)
    server = begin(
        folder,
        port,
        **LOOPBACK_ONLY,
        HOME=str(home),
        KOLIBRI_HOME=str(home),
        KOLIBRI_PLUGIN_ENABLE="kolibri_azure_plugin",
        KOLIBRI_AZURE_DEPLOYMENT="test",
        KOLIBRI_AZURE_FACILITY_NAME="School of the settings",
        **settings,
    )
    try:
        server.wait_until(lambda: f"listens on 127.0.0.1:{port}" in server.output, "SSH", SOON)
    except BaseException:
        server.kill()
        raise
    return server


def begin(folder: Path, port: int, **settings: str) -> BackgroundProcess:
    """The server, which may not listen yet, or never."""
    server = BackgroundProcess(
        [sys.executable, "-m", "kolibri_azure_plugin.container.shell", f"--port={port}"],
        environment={**ENVIRONMENT, **settings},
        folder=folder,
        log_file=folder / "shell.log",
    )
    server.port = port
    return server


def connect(server, **options):
    """A connection, by default signed in as the platform does."""
    signed_in = {"username": shell.USER, "password": shell.PASSWORD}
    nobodys = {"known_hosts": None, "client_keys": None, "config": None}
    return asyncssh.connect("127.0.0.1", server.port, **{**signed_in, **nobodys, **options})


def run(server, command, **options):
    """The output of a command without a terminal."""

    async def ask():
        async with connect(server) as connection:
            return await asyncio.wait_for(connection.run(command, **options), 3 * SOON)

    return asyncio.run(ask())


async def read_until(process, text):
    """A session's output up to a text; fails if the text does not come."""
    seen = ""
    while text not in seen:
        part = await asyncio.wait_for(process.stdout.read(4096), SOON)
        assert part, f"the session ended with {seen!r}"
        seen += part
    return seen


@contextlib.asynccontextmanager
async def session(server, **options):
    async with connect(server) as connection:
        options = {"term_type": "xterm", "term_size": (80, 24), **options}
        async with connection.create_process(**options) as process:
            yield process


async def wait_until_running(mark):
    def wait():
        wait_until(lambda: running(mark), "the command", SOON)

    await asyncio.get_running_loop().run_in_executor(None, wait)


def running(mark):
    """The processes that sleep for this many seconds."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[:2] == [b"sleep", mark.encode()]:
                found.append(entry.name)
    return found
