"""Waits for a share that is away, with all threads of a process together."""

from __future__ import annotations

import logging
import threading
import time
from typing import Callable

from kolibri_azure_plugin.errors import ContentShareError

logger = logging.getLogger(__name__)

#: Seconds between two questions to a share that is away, and between two glances of who waits.
PAUSE = 2.0
GLANCE = 1.0

#: What no waiting mends.
LASTING = ("share-full", "share-read-only", "share-wrong-type")


class Patience:
    """Knows since when a share has been away, and asks it again, one thread at a time.

    :param ask: raises ContentShareError while the share is away; never hangs.
    :param seconds: how long it may be away.
    """

    def __init__(self, ask: Callable[[], object], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._error: ContentShareError | None = None
        self._since = 0.0
        self._ask_again = 0.0

    def wait(self, meanwhile: Callable[[ContentShareError], None]) -> None:
        """Return when the share works.

        :param meanwhile: called again and again while it does not; what it raises ends the wait.
        :raises ContentShareError: when it is not back in time, or waiting can't help.
        """
        while error := self._current_error():
            if error.code in LASTING or self._away_for() >= self._seconds:
                # Asked once more, so that each thread has an error of its own to raise.
                self._ask()
                return
            meanwhile(error)
            time.sleep(GLANCE)

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
                "%s %s: imports wait for it, %g seconds at most.",
                error.failed,
                error.found,
                self._seconds,
            )
        elif self._error and error is None:
            logger.warning(
                "The share works again after %.0f seconds: imports go on.", self._away_for()
            )
        self._error = error
        self._ask_again = time.monotonic() + PAUSE

    def _away_for(self) -> float:
        return time.monotonic() - self._since
