"""Detects within seconds that an important session is lost."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from typing import Any, Callable

from kolibri_azure_plugin.errors import KolibriAzureError

#: Seconds between two checks of the clock.
GLANCE = 0.2

#: Seconds that the last log line may take.
LOG_TIMEOUT = 0.5


class SessionWatchdog:
    """Sends heartbeats to the server, and reports once when the session may be lost.

    It detects a closed connection at once, and a silent one after `patience`. That needs a second
    thread, because a query on a dead network returns late.

    :param session: a psycopg2 connection that no other thread uses meanwhile.
    :param heartbeat: makes one round trip; raises if the session has changed.
    :param lost: called with the reason, in one of the watchdog's threads.
    :param since: the time on the monotonic clock at which the session was known to work.
    :param interval: seconds between two heartbeats.
    :param patience: seconds from sending the last answered heartbeat until the session is lost.
    """

    def __init__(
        self,
        session: Any,
        heartbeat: Callable[[], None],
        lost: Callable[[str], None],
        *,
        since: float,
        interval: float,
        patience: float,
    ) -> None:
        self._session = session
        self._heartbeat = heartbeat
        self._lost = lost
        self._interval = interval
        self._patience = patience
        self._answered = since
        self._stopped = threading.Event()
        self._reporting = threading.Lock()
        self._wake, self._wake_up = os.pipe()
        self._threads = [
            threading.Thread(target=target, name=f"kolibri-azure-{target.__name__}", daemon=True)
            for target in (self._send_heartbeats, self._watch_silence)
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        os.write(self._wake_up, b".")
        for thread in self._threads:
            thread.join()
        os.close(self._wake)
        os.close(self._wake_up)

    def _send_heartbeats(self) -> None:
        poll = select.poll()
        poll.register(self._session.fileno(), select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._stopped.is_set():
            asked = time.monotonic()
            try:
                self._heartbeat()
            except Exception as error:  # noqa: BLE001
                self._report(_reason(error))
                return
            self._answered = asked
            # Unsolicited data usually means that the server closes the connection.
            poll.poll(self._interval * 1000)

    def _watch_silence(self) -> None:
        while not self._stopped.wait(GLANCE):
            silence = time.monotonic() - self._answered
            if silence > self._patience:
                self._report(f"PostgreSQL has not answered for {silence:.1f} s")
                return

    def _report(self, reason: str) -> None:
        if self._reporting.acquire(blocking=False) and not self._stopped.is_set():
            self._lost(reason)


def _reason(error: Exception) -> str:
    if isinstance(error, KolibriAzureError):
        return error.instructions()
    return str(error).strip() or type(error).__name__


def log_without_blocking(logger: logging.Logger, message: str) -> None:
    """Log the last line of a process that must end, even if its log is blocked."""

    def say() -> None:
        logger.critical(message)
        logging.shutdown()

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    thread.join(LOG_TIMEOUT)
