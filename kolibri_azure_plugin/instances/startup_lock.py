"""The lock for changes of the database at the start, which one process makes at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator

import psycopg2

from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.instances.watchdog import SessionWatchdog, log_without_blocking

logger = logging.getLogger(__name__)

LOCK_NAME = "start lock"

POLL_SECONDS = 0.5

#: Seconds between log lines of a process that waits for the lock.
REMINDER_SECONDS = 30.0

HEARTBEAT_SECONDS = 2.0

#: Longer than the session's TCP timeouts, so the operating system reports a lost connection first.
TIMEOUT_SECONDS = 15.0

EXIT_CODE = 1

_nesting = threading.local()


@contextlib.contextmanager
def startup_lock() -> Iterator[None]:
    """Hold the lock, once no other process of the deployment holds it.

    Nested uses in the same thread enter at once. If the process ends while it holds the lock, the
    next process gets it, so the protected work must be repeatable.

    :raises DatabaseError: when PostgreSQL can't be reached.
    """
    if getattr(_nesting, "inside", False):
        yield
        return
    lock = AdvisoryLock(LOCK_NAME)
    try:
        _acquire(lock)
        _nesting.inside = True
        with _watch(lock):
            yield
    finally:
        _nesting.inside = False
        lock.release()


def _acquire(lock: AdvisoryLock) -> None:
    began = time.monotonic()
    reminder = began
    while not _try(lock):
        if time.monotonic() >= reminder:
            reminder = time.monotonic() + REMINDER_SECONDS
            logger.info(
                "Waiting for another instance that prepares the database (%s), for %.0f s now.",
                _holder(lock),
                time.monotonic() - began,
            )
        time.sleep(POLL_SECONDS)
    if reminder != began:
        logger.info("The other instance is done after %.1f s.", time.monotonic() - began)


def _try(lock: AdvisoryLock) -> bool:
    try:
        return lock.try_acquire()
    except psycopg2.Error as error:
        logger.warning("Lost the connection while waiting, trying again: %s", str(error).strip())
        return False


def _holder(lock: AdvisoryLock) -> str:
    try:
        found = lock.holder()
    except psycopg2.Error:
        return "unknown process"
    return found[1] if found else "it has just ended"


def _watch(lock: AdvisoryLock) -> SessionWatchdog:
    return SessionWatchdog(
        lock.session,
        lock.confirm,
        _end,
        since=time.monotonic(),
        interval=HEARTBEAT_SECONDS,
        patience=TIMEOUT_SECONDS,
    )


def _end(reason: str) -> None:
    """End the process, because another instance may hold the lock by now."""
    log_without_blocking(
        logger,
        f"This process ends, because the connection that holds the start lock is lost: {reason}",
    )
    os._exit(EXIT_CODE)
