"""A demo as a user runs it: its own process, and its output."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from devtools.ports import free_port
from devtools.process import BackgroundProcess, ProcessEndedError
from devtools.state import state_folder

REPOSITORY = Path(__file__).parents[1]
FIRST_LINE = "Kolibri with the Azure plugin"
LAST_LINE = "Ctrl-C ends it."
START_SECONDS, STOP_SECONDS = 600, 90


@contextmanager
def demo_folder():
    """A folder that PostgreSQL's account can reach when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="demo-test-", dir=state_folder()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Demo(BackgroundProcess):
    """``python -m devtools.demo`` with its data in `folder`; ended with Ctrl-C."""

    def __init__(self, folder, *options):
        self.state = folder / "state"
        ports = ("--port", str(free_port()), "--zip-port", str(free_port()))
        super().__init__(
            [sys.executable, "-m", "devtools.demo", "--state", self.state, *ports, *options],
            environment={**os.environ, "PATH": _with_a_closed_folder(folder)},
            folder=REPOSITORY,
            log_file=folder / "demo.log",
        )

    def __exit__(self, *_):
        self.interrupt()
        self.kill()

    def wait_for(self, text):
        self.wait_until(lambda: text in self.output, text, START_SECONDS)

    def wait_until_ready(self):
        self.wait_for(LAST_LINE)
        return self

    def interrupt(self, number=signal.SIGINT):
        """Its exit code after Ctrl-C or another signal, which it handles from its first line on."""
        with suppress(ProcessEndedError):
            self.wait_for(FIRST_LINE)
        self.signal(number)
        return self.wait_for_exit(STOP_SECONDS)

    def printed(self, name):
        """The value next to a name in the table at the end."""
        return re.search(rf"^  {name} +(.+)$", self.output, re.MULTILINE).group(1)

    def password(self, role):
        """The password of the learner or the administrator."""
        return self.printed(role).split(", password ")[1]

    def processes(self):
        """The command lines of all processes with its folder in them, itself included."""
        return [_text(process / "cmdline") for process in _all() if self._belongs(process)]

    def _belongs(self, process):
        return any(str(self.state) in _text(process / name) for name in ("cmdline", "environ"))


def _with_a_closed_folder(folder):
    """A PATH that begins with a folder that the user can't read, as after su."""
    closed = folder / "closed"
    closed.mkdir(mode=0o600, exist_ok=True)
    return os.pathsep.join([str(closed / "bin"), os.environ["PATH"]])


def _all():
    return Path("/proc").glob("[0-9]*")


def _text(path):
    try:
        return path.read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""
