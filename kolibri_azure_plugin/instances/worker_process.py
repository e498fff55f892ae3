"""The workers' process beside `kolibri start` and `kolibri services`.

It is one of its own, because threads can't be ended from outside: only so can the workers stop at
once when they lose the lease, without taking the web server with them.
"""

from __future__ import annotations

import functools
import logging
import subprocess
import threading
from typing import Any, Callable

from kolibri_azure_plugin import context
from kolibri_azure_plugin.instances.workers import END_WITH_PARENT, command_line

logger = logging.getLogger(__name__)

#: Seconds that the process gets to end: its jobs' grace, and a little more.
STOP_SECONDS = 6.0

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


def start_process(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """Around the START of Kolibri's ServicesPlugin, which starts workers in its own process."""

    @functools.wraps(start)
    def start_outside(plugin: Any) -> None:
        if context.current().settings.workers:
            plugin.worker = WorkerProcess()
        else:
            logger.info("No background workers here: KOLIBRI_AZURE_WORKERS is off.")

    return start_outside


def leave_to_the_holder(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """Around the START of Kolibri's DefaultScheduledTasksPlugin: who runs the jobs schedules them.

    Their ids are fixed, and a job that is scheduled when it was just picked would run twice.
    """

    @functools.wraps(start)
    def nothing(_plugin: Any) -> None:
        """The workers' process does it when it takes the lease."""

    return nothing


class WorkerProcess:
    """Takes the place of Kolibri's Worker: starts the process, and again when it ends."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process = self._start()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def shutdown(self, wait: bool = True) -> None:
        """Stop the process; its jobs are finished or resumed elsewhere, never cancelled.

        :param wait: return only when it has ended.
        """
        with self._starting:
            self._stopping.set()
            self._process.terminate()
        if wait:
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
                "The workers' process ended with code %d; starting it again in %.0f s.", code, pause
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
        return subprocess.Popen(
            command_line(END_WITH_PARENT), stdin=subprocess.PIPE, start_new_session=True
        )
