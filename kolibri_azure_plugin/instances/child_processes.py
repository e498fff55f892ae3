"""Child processes of `kolibri start` and `kolibri services`, which run until those stop.

They are processes and not threads, because a thread can't be ended from outside.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Sequence

logger = logging.getLogger(__name__)

#: Seconds that a child process has to end: a little more than the workers' jobs have.
STOP_SECONDS = 6.0

FIRST_PAUSE = 1.0
MAX_DELAY = 60.0

#: Seconds after which a process counts as sound, so that the next pause is the first one again.
LONG_RUN = 600.0


class ChildProcess:
    """A process that is restarted when it ends.

    :param name: the plural name of what it runs, for the log.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = command
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process = self._start()
        threading.Thread(target=self._supervise, daemon=True).start()

    def terminate(self) -> None:
        """Ask the process to end."""
        with self._starting:
            self._stopping.set()
            self._process.terminate()

    def wait(self) -> None:
        """Wait until the process has ended, and kill it if that takes too long."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _supervise(self) -> None:
        pause = FIRST_PAUSE
        begun = time.monotonic()
        ending = f"ended with code {self._process.wait()}"
        while not self._stopping.is_set():
            if time.monotonic() - begun > LONG_RUN:
                pause = FIRST_PAUSE
            logger.error(
                "The %s' process %s; starting it again in %.0f s.", self._name, ending, pause
            )
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, MAX_DELAY)
            begun = time.monotonic()
            ending = self._run_again()

    def _run_again(self) -> str:
        """Start the process, unless it has to stop, and wait for its end; returns how it ended."""
        try:
            with self._starting:
                if not self._stopping.is_set():
                    self._process = self._start()
        except OSError as error:
            # For example while the machine has no memory for one more process.
            return f"can't be started ({error})"
        return f"ended with code {self._process.wait()}"

    def _start(self) -> subprocess.Popen[bytes]:
        # The pipe to its standard input closes with this process, however this process ends.
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)


class ChildProcesses:
    """A replacement for Kolibri's Worker, with the method that its bus calls at the end."""

    def __init__(self, children: Sequence[ChildProcess]) -> None:
        self._children = children

    def shutdown(self, wait: bool = True) -> None:
        """Stop all processes. Their jobs finish or resume elsewhere, and are never cancelled.

        :param wait: return only when all have ended.
        """
        for child in self._children:
            child.terminate()
        if wait:
            for child in self._children:
                child.wait()
