"""Processes beside `kolibri start` and `kolibri services`, which stop with them and not before.

What runs there is a process of its own, because threads can't be ended from outside.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Sequence

logger = logging.getLogger(__name__)

#: Seconds that such a process gets to end: the grace of the workers' jobs, and a little more.
STOP_SECONDS = 6.0

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


class Companion:
    """A process that is started again when it ends.

    :param name: of what runs in it, in the plural, for the log.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = command
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process = self._start()
        threading.Thread(target=self._supervise, daemon=True).start()

    def terminate(self) -> None:
        """Tell it to end."""
        with self._starting:
            self._stopping.set()
            self._process.terminate()

    def wait(self) -> None:
        """Return when it has ended; it is killed when it takes too long."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _supervise(self) -> None:
        pause = FIRST_PAUSE
        while True:
            code = self._process.wait()
            if self._stopping.is_set():
                return
            logger.error(
                "The %s' process ended with code %d; starting it again in %.0f s.",
                self._name,
                code,
                pause,
            )
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)
            with self._starting:
                if self._stopping.is_set():
                    return
                self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        # Its standard input closes with this process, however that ends.
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)


class Companions:
    """Takes the place of Kolibri's Worker, which its bus stops at the end."""

    def __init__(self, companions: Sequence[Companion]) -> None:
        self._companions = companions

    def shutdown(self, wait: bool = True) -> None:
        """Stop them all; jobs are finished or resumed elsewhere, never cancelled.

        :param wait: return only when they have ended.
        """
        for companion in self._companions:
            companion.terminate()
        if wait:
            for companion in self._companions:
                companion.wait()
