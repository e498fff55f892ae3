"""Notices within seconds when a session is lost on which something depends."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from typing import Any, Callable

#: Seconds between two looks at the clock.
GLANCE = 0.2

#: Seconds that last words may take.
LAST_WORDS_SECONDS = 0.5


class Watch:
    """Asks the server again and again, and reports once when it can't be sure of the session.

    A closed connection is noticed at once; a silent one when its answers stay out. The second
    thread is needed because a query on a dead network returns late.

    :param session: a psycopg2 connection that nobody else uses meanwhile.
    :param beat: one round trip on it; raises when the session is not what it was.
    :param lost: called with the reason, in a thread of the watch.
    :param since: the moment, by the monotonic clock, at which the session was sure.
    :param interval: seconds between two beats.
    :param patience: seconds after the sending of the last answered beat; then it is lost.
    """

    def __init__(
        self,
        session: Any,
        beat: Callable[[], None],
        lost: Callable[[str], None],
        *,
        since: float,
        interval: float,
        patience: float,
    ) -> None:
        self._session = session
        self._beat = beat
        self._lost = lost
        self._interval = interval
        self._patience = patience
        self._answered = since
        self._stopped = threading.Event()
        self._reporting = threading.Lock()
        self._wake, self._wake_up = os.pipe()
        self._threads = [
            threading.Thread(target=target, name=f"kolibri-azure-{target.__name__}", daemon=True)
            for target in (self._keep_asking, self._keep_looking)
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

    def _keep_asking(self) -> None:
        poll = select.poll()
        poll.register(self._session.fileno(), select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._stopped.is_set():
            asked = time.monotonic()
            try:
                self._beat()
            except Exception as error:  # noqa: BLE001
                self._report(str(error).strip() or type(error).__name__)
                return
            self._answered = asked
            # The server says something unasked mostly when it closes the connection.
            poll.poll(self._interval * 1000)

    def _keep_looking(self) -> None:
        while not self._stopped.wait(GLANCE):
            silence = time.monotonic() - self._answered
            if silence > self._patience:
                self._report(f"PostgreSQL has not answered for {silence:.1f} s")
                return

    def _report(self, reason: str) -> None:
        if self._reporting.acquire(blocking=False) and not self._stopped.is_set():
            self._lost(reason)


def say_in_any_case(logger: logging.Logger, message: str) -> None:
    """Log the last words of a process that must end, without waiting for whoever blocks the log."""

    def say() -> None:
        logger.critical(message)
        logging.shutdown()

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    thread.join(LAST_WORDS_SECONDS)
