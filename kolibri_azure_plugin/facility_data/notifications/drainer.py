"""The background thread that processes due notifications, and survives database outages."""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
import time

from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.facility_data.notifications import lanes, outbox

logger = logging.getLogger(__name__)

#: Seconds to wait after a wake-up, to process the notifications of concurrent requests together.
GATHER_SECONDS = 0.5

#: Seconds between two polls while a notification waits for another process or for the database. A
#: process that polls regularly always uses this interval.
POLL_SECONDS = 5.0

#: Seconds without work after which the database connection is closed.
IDLE_SECONDS = 30.0

#: Seconds for a last round when the process stops. Other processes do the rest.
DRAIN_SECONDS = 2.0


class Drainer:
    """A thread that runs until :meth:`stop` or the end of the process.

    :param regularly: poll without being woken, too.
    """

    def __init__(self, *, regularly: bool = False) -> None:
        self._regularly = regularly
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._stop_at = 0.0
        self._failing = False
        # A daemon: the end of the process waits for it only in stop().
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """False, too, in a forked process, which does not inherit the thread."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Make the thread look for due notifications now."""
        self._woken.set()

    def stop(self) -> None:
        """Process due notifications for a moment, and end the thread."""
        self._stop_at = time.monotonic() + DRAIN_SECONDS
        self._stopping.set()
        self._woken.set()
        self._thread.join(DRAIN_SECONDS * 1.5)

    def _run(self) -> None:
        pause: float | None = POLL_SECONDS
        while not self._stopping.is_set():
            self._woken.wait(pause)
            self._stopping.wait(GATHER_SECONDS)
            self._woken.clear()
            pause = self._poll()
        self._disconnect()

    def _poll(self) -> float | None:
        """Process due notifications. Returns the seconds until the next poll; None for no poll."""
        try:
            outbox.make_table()
            worked = lanes.drain(self._should_continue)
            pause = outbox.seconds_until_next()
        except Exception as error:  # noqa: BLE001 - a thread that dies is never noticed
            self._report(error)
            self._disconnect()
            return POLL_SECONDS
        if self._failing:
            self._failing = False
            logger.info("Notifications for coaches are processed again.")
        if self._regularly:
            return POLL_SECONDS
        if worked:
            return IDLE_SECONDS if pause is None else min(IDLE_SECONDS, max(POLL_SECONDS, pause))
        if pause is None or pause > IDLE_SECONDS:
            self._disconnect()
        return None if pause is None else max(POLL_SECONDS, pause)

    def _should_continue(self) -> bool:
        return not self._stopping.is_set() or time.monotonic() < self._stop_at

    def _report(self, error: Exception) -> None:
        """Log the first failure of an outage only."""
        if not self._failing:
            self._failing = True
            logger.warning(
                "Notifications for coaches wait in the database, because they can't be processed "
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
    """Wake this process's drainer, and start it if necessary."""
    try:
        start().wake()
    except RuntimeError as error:
        # The process is ending, so another will process the row. The request must not fail.
        logger.debug("No thread for notifications: %s", error)


def start(*, regularly: bool = False) -> Drainer:
    """The drainer of this process, started if necessary."""
    global _drainer
    with _lock:
        if _drainer is None or not _drainer.is_alive():
            _drainer = Drainer(regularly=regularly)
        return _drainer


def stop() -> None:
    """Stop this process's drainer after a last round; for an orderly end of the process."""
    if _drainer is not None and _drainer.is_alive():
        _drainer.stop()


atexit.register(stop)
