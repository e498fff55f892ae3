"""Waits for a share that is down, once for all threads of a process."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Callable

from kolibri_azure_plugin.errors import ContentShareError

logger = logging.getLogger(__name__)

#: Seconds between two checks of a share that is down, and between two looks of a waiting thread.
PAUSE = 2.0
GLANCE = 1.0

#: The codes of errors that waiting does not fix.
PERMANENT_CODES = ("share-full", "share-read-only", "share-wrong-type")


class ShareWaiter:
    """Tracks how long a share has been down, and checks it, one thread at a time.

    :param ask: raises ContentShareError while the share is down; never hangs.
    :param seconds: how long it may be down.
    """

    def __init__(self, ask: Callable[[], object], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting = 0
        self._error: ContentShareError | None = None
        self._since = 0.0
        self._ask_again = 0.0

    def wait(self, meanwhile: Callable[[ContentShareError], None]) -> None:
        """Block until the share works.

        :param meanwhile: called repeatedly during the wait; an exception ends the wait.
        :raises ContentShareError: when it is not back in time, or waiting can't help.
        """
        with self._waits():
            while error := self._current_error():
                if error.code in PERMANENT_CODES or self._downtime() >= self._seconds:
                    # Check once more, so that each thread raises its own error.
                    self._ask()
                    return
                meanwhile(error)
                time.sleep(GLANCE)

    @contextlib.contextmanager
    def _waits(self) -> Iterator[None]:
        """Forget the outage when no thread waits any more, as none would see its end."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._error = None

    def _current_error(self) -> ContentShareError | None:
        with self._lock:
            if self._error is None or time.monotonic() >= self._ask_again:
                self._note(self._answer())
            return self._error

    def _answer(self) -> ContentShareError | None:
        try:
            self._ask()
        except ContentShareError as error:
            return error
        return None

    def _note(self, error: ContentShareError | None) -> None:
        if error and self._error is None:
            self._since = time.monotonic()
            logger.warning(
                "%s. Imports wait for it, %g seconds at most.",
                error.summary,
                self._seconds,
            )
        elif self._error and error is None:
            logger.warning(
                "The share works again after %.0f seconds: imports go on.", self._downtime()
            )
        self._error = error
        self._ask_again = time.monotonic() + PAUSE

    def _downtime(self) -> float:
        return time.monotonic() - self._since
