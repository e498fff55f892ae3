"""Background programs of a test or the demo."""

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
    """A program ended unexpectedly. The text ends with its last output."""


class ProcessHungError(Exception):
    """A program did not end when it was told to. The text ends with its last output."""


class BackgroundProcess:
    """A program in a new session, so that Ctrl-C in the terminal doesn't reach it.

    As a context manager, it is stopped at the end, with all its descendants.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log_file: Path,
    ) -> None:
        """Start `command` in `folder`; its stdout and stderr are appended to `log_file`."""
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
        """The exit code; negative after a signal, None while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """The program's output so far."""
        return self.log_file.read_bytes()[self._log_start :].decode(errors="replace")

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float) -> None:
        """Wait for `condition`; raises ProcessEndedError as soon as the program ends."""
        try:
            wait_until(lambda: self.exit_code is not None or condition(), what, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {self._last_output()}") from None
        if self.exit_code is not None:
            raise ProcessEndedError(
                f"{self.name} ended with {self.exit_code} before {what}; {self._last_output()}"
            )

    def wait_for_exit(self, seconds: float) -> int:
        """Wait, and return the exit code; raises TimeoutError after `seconds`."""
        wait_until(lambda: self.exit_code is not None, f"{self.name} to end", seconds)
        return self._process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself, as a service manager does."""
        if self.exit_code is None:
            self._process.send_signal(number)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Send SIGTERM, and SIGKILL to what it leaves behind; return the exit code.

        :raises ProcessHungError: when the program had to be killed, too, after `seconds`.
        """
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessHungError(
                f"{self.name} did not end within {seconds} s of SIGTERM; {self._last_output()}"
            ) from None
        return self.kill()

    def kill(self) -> int:
        """Kill the program and all its descendants; return the exit code."""
        with suppress(ProcessLookupError, PermissionError):  # PermissionError: zombies on macOS
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def _last_output(self) -> str:
        lines = self.output.splitlines()[-LINES_SHOWN:]
        return "it said:\n" + "\n".join(lines) if lines else "it said nothing"
