"""Programs that run beside a test or the demo until they are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from devtools.deadline import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self

STOP_SECONDS = 60
LINES_SHOWN = 40


class ProcessEndedError(Exception):
    """A program ended while it was waited for; the text ends with its last output."""


class BackgroundProcess:
    """A program in a session of its own, so that Ctrl-C in the terminal doesn't reach it.

    As a context manager it is stopped at the end, with every process that it started.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log_file: Path,
    ) -> None:
        """Start `command` in `folder`; both its outputs are appended to `log_file`."""
        self.name = " ".join(str(part) for part in command)
        self.log_file = log_file
        self._log_start = log_file.stat().st_size if log_file.exists() else 0
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the number of the signal that ended it."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """What this program has printed so far."""
        return self.log_file.read_bytes()[self._log_start :].decode(errors="replace")

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float) -> None:
        """Wait for `condition`; raises ProcessEndedError as soon as the program has ended."""
        try:
            wait_until(lambda: self.exit_code is not None or condition(), what, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {self._last_output()}") from None
        if self.exit_code is not None:
            raise ProcessEndedError(
                f"{self.name} ended with {self.exit_code} before {what}; {self._last_output()}"
            )

    def wait_until_it_ends(self, seconds: float) -> int:
        """The exit code; raises TimeoutError when it still runs after `seconds`."""
        wait_until(lambda: self.exit_code is not None, f"{self.name} to end", seconds)
        return self._process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself, as a service manager does."""
        if self.exit_code is None:
            self._process.send_signal(number)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, then SIGKILL for what is left after `seconds`; returns the exit code."""
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL for the program and everything it started; returns the exit code."""
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of zombies
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def _last_output(self) -> str:
        lines = self.output.splitlines()[-LINES_SHOWN:]
        return "it said:\n" + "\n".join(lines) if lines else "it said nothing"
