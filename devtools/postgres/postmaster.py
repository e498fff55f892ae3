"""The server process of one data folder: initialise, start, stop, kill."""

from __future__ import annotations

import locale
import shutil
import signal
import subprocess
import time
from pathlib import Path

from devtools.deadline import wait_until
from devtools.postgres.account import Account
from devtools.postgres.configuration import SUPERUSER
from devtools.postgres.installation import Installation
from devtools.postgres.leftovers import pid_file_lines, stop_leftover

READY_SECONDS = 60
STOP_SECONDS = 60
STATE_LINE = 7  # the last line of postmaster.pid, counted from 0
SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PostgresError(Exception):
    """A program of PostgreSQL failed. The text ends with its output."""


class Postmaster:
    """One server process, under the servers' account."""

    def __init__(
        self, installation: Installation, account: Account, data: Path, log_file: Path
    ) -> None:
        self._installation = installation
        self._account = account
        self._data = data
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def initialise(self) -> None:
        """Create the data folder if absent; never leaves it incomplete."""
        if (self._data / "PG_VERSION").exists():
            return
        partial = self._data.with_name(f"{self._data.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        code, output = self._account.run(
            [
                self._installation.program("initdb"),
                *("--pgdata", partial, "--username", SUPERUSER, "--encoding", "UTF8"),
                *("--locale", "C", "--lc-ctype", _character_type(), "--auth", "reject"),
            ]
        )
        if code:
            raise PostgresError(f"initdb failed ({code}):\n{output}")
        partial.rename(self._data)

    def start(self) -> None:
        """Start the server; it may take a moment longer to accept connections."""
        stop_leftover(self._data)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            logged = self._log_file.stat().st_size if self._log_file.exists() else 0
            with self._log_file.open("ab") as log:
                self._process = self._account.start(
                    [self._installation.program("postgres"), "-D", self._data], log
                )
            wait_until(
                lambda: self.state is not None or not self.running,
                f"PostgreSQL to write postmaster.pid (see {self._log_file})",
                READY_SECONDS,
            )
            if self.running:
                return
            said = self._log_file.read_bytes()[logged:].decode(errors="replace")
            # After a crash, the killed server's sessions take a moment to end.
            crashed = "pre-existing shared memory block" in said
            if not crashed or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not start:\n{said}")
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        wait_until(
            lambda: self.state == "ready" or not self.running,
            f"PostgreSQL to accept connections (see {self._log_file})",
            READY_SECONDS,
        )
        if not self.running:
            said = self._log_file.read_text(errors="replace").splitlines()[-20:]
            raise PostgresError("PostgreSQL ended while starting:\n" + "\n".join(said))

    @property
    def state(self) -> str | None:
        """The state that the running server reports: "starting", "ready", "stopping"…"""
        lines = pid_file_lines(self._data)
        if self._process is None or lines[:1] != [str(self._process.pid)]:
            return None
        return "".join(lines[STATE_LINE:]).strip() or None

    def reload(self) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGHUP)

    def stop(self, mode: str) -> None:
        """Stop the server in pg_ctl's mode "smart", "fast" or "immediate"."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(SIGNALS[mode])
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill the server as in a crash: nothing is flushed, postmaster.pid stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _character_type() -> str:
    """A locale with upper and lower case beyond ASCII, if the machine has one."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        return locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
