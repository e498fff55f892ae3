"""One starter at a time: what changes the database before Kolibri serves runs under this lock."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator

import psycopg2

from kolibri_azure_plugin.instances.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.instances.watch import Watch, say_in_any_case

logger = logging.getLogger(__name__)

LOCK_NAME = "start lock"

POLL_SECONDS = 0.5

#: Seconds after which a starter that still waits says so again.
REMINDER_SECONDS = 30.0

BEAT_SECONDS = 2.0

#: Longer than the TCP timeouts of the session, so that the operating system's verdict comes first.
PATIENCE_SECONDS = 15.0

EXIT_CODE = 1

_nesting = threading.local()


@contextlib.contextmanager
def one_starter_at_a_time() -> Iterator[None]:
    """Wait until no other process of the deployment is in here, then go in.

    Nested uses in the same thread go straight in. When the process ends in here, however it does,
    the next one goes in; so what is done in here must be fit to be done again.

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
        return "nobody knows which"
    return found[1] if found else "it has just ended"


def _watch(lock: AdvisoryLock) -> Watch:
    session = lock.session

    def beat() -> None:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1")

    return Watch(
        session,
        beat,
        _end,
        since=time.monotonic(),
        interval=BEAT_SECONDS,
        patience=PATIENCE_SECONDS,
    )


def _end(reason: str) -> None:
    """Another instance may be in here by now, so this one must not go on."""
    say_in_any_case(
        logger,
        f"The connection that holds the start lock is lost ({reason}). This process ends.",
    )
    os._exit(EXIT_CODE)
