"""The thread of a process that works off what is due, whatever happens to the database."""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
import time

from kolibri_azure_plugin.notifications import lanes, outbox
from kolibri_azure_plugin.redaction import redact

logger = logging.getLogger(__name__)

#: Seconds that requests of one moment are gathered for.
GATHER_SECONDS = 0.5

#: Seconds between two looks while something waits for another process or for the database; and, in
#: the process that looks in any case, between all looks.
LOOK_SECONDS = 5.0

#: Seconds without work after which the connection is given back.
IDLE_SECONDS = 30.0

#: Seconds that an orderly end waits for what is still due. What remains is done by others.
DRAIN_SECONDS = 2.0


class Drainer:
    """One thread, which nothing but :meth:`stop` and the end of the process ends.

    :param regularly: look also when nobody has said that there is anything.
    """

    def __init__(self, *, regularly: bool = False) -> None:
        self._regularly = regularly
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._stop_at = 0.0
        self._failing = False
        # No request waits for it, and neither does the end of the process, beyond stop().
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """False also in a process that was forked from the one with the thread."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._news.set()

    def stop(self) -> None:
        """Work off what is due, for a moment, and end."""
        self._stop_at = time.monotonic() + DRAIN_SECONDS
        self._stopping.set()
        self._news.set()
        self._thread.join(DRAIN_SECONDS * 1.5)

    def _run(self) -> None:
        pause: float | None = LOOK_SECONDS
        while not self._stopping.is_set():
            self._news.wait(pause)
            self._stopping.wait(GATHER_SECONDS)
            self._news.clear()
            pause = self._look()
        self._disconnect()

    def _look(self) -> float | None:
        """Do what is due; the seconds until the next look, None for as long as it takes."""
        try:
            outbox.make_table()
            worked = lanes.work_off(self._may_go_on)
            pause = outbox.seconds_until_next()
        except Exception as error:  # noqa: BLE001 - a thread that dies is never noticed
            self._report(error)
            self._disconnect()
            return LOOK_SECONDS
        if self._failing:
            self._failing = False
            logger.info("Notifications for coaches are worked off again.")
        if self._regularly:
            return LOOK_SECONDS
        if worked:
            return IDLE_SECONDS if pause is None else min(IDLE_SECONDS, max(LOOK_SECONDS, pause))
        if pause is None or pause > IDLE_SECONDS:
            self._disconnect()
        return None if pause is None else max(LOOK_SECONDS, pause)

    def _may_go_on(self) -> bool:
        return not self._stopping.is_set() or time.monotonic() < self._stop_at

    def _report(self, error: Exception) -> None:
        """Once for each time that it begins to fail."""
        if not self._failing:
            self._failing = True
            logger.warning(
                "Notifications for coaches wait in the database, because they can't be worked off "
                "now: %s",
                redact(str(error).strip() or type(error).__name__),
            )

    def _disconnect(self) -> None:
        from django.db import connection

        with contextlib.suppress(Exception):
            connection.close()


_drainer: Drainer | None = None
_lock = threading.Lock()


def wake() -> None:
    """Have this process work off what is due, in its thread, which is begun where there is none."""
    try:
        start().wake()
    except RuntimeError as error:
        # The process is ending. Others do what is due; a request that was saved must not fail.
        logger.debug("No thread for notifications: %s", error)


def start(*, regularly: bool = False) -> Drainer:
    """The drainer of this process."""
    global _drainer
    with _lock:
        if _drainer is None or not _drainer.is_alive():
            _drainer = Drainer(regularly=regularly)
        return _drainer


def stop() -> None:
    """Work off what is due, for a moment; for the orderly end of a process."""
    if _drainer is not None and _drainer.is_alive():
        _drainer.stop()


atexit.register(stop)
