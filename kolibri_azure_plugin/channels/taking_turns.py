"""Whoever imports, updates or deletes a channel takes turns with others, on any instance.

Two locks, always taken in this order:

- One for each channel, from the first byte of its database's file to the last of its resources.
- One for all content, for each of the transactions that change it through SQLAlchemy. Kolibri
  takes a lock where Django changes content, and takes this one here, in place of number 1, which is
  also Morango's: every sync shares it for as long as records are worked in.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.instances.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5

#: Ends with the transaction.
CONTENT_LOCK = "SELECT pg_advisory_xact_lock(%s)", [AdvisoryLock("content").key]

#: Digits of a channel's id that name its lock; PostgreSQL shows no longer names.
DIGITS = 12

_held = threading.local()


def change_content_one_at_a_time() -> None:
    """Have every transaction of SQLAlchemy in Kolibri's database begin with the lock."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "begin", _take_content_lock)


def _take_content_lock(connection: Any) -> None:
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor() as cursor:
            cursor.execute(*CONTENT_LOCK)


def take_no_lock_of_syncs(execute: Callable[..., None]) -> Callable[..., None]:
    """In place of `PostgresLock.execute`, whose number is that of Morango's lock."""

    @wraps(execute)
    def take_content_lock(_lock: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(*CONTENT_LOCK)

    return take_content_lock


def import_resources_in_turn(run: Callable[..., Any]) -> Callable[..., Any]:
    """Around `ResourceImportManagerBase.run`: a channel's database if asked for, and its files."""

    @wraps(run)
    def in_turn(manager: Any) -> Any:
        with _turn(manager.channel_id):
            return run(manager)

    return in_turn


def import_channel_in_turn(run: Callable[..., Any]) -> Callable[..., Any]:
    """Around `ChannelImport.run_and_annotate`; what fails frees the lock of all content too."""

    @wraps(run)
    def in_turn(manager: Any) -> Any:
        # What it has read so far has begun a transaction, which must not stay open for hours.
        manager.destination.get_raw_connection().rollback()
        with _turn(manager.channel_id):
            try:
                return run(manager)
            except BaseException:
                manager.end()
                raise

    return in_turn


def transfer_in_turn(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Around `start_file_transfer`: the file of a channel's database, and its import."""

    @wraps(transfer)
    def in_turn(filetransfer: Any, channel_id: str, *others: Any) -> Any:
        with _turn(channel_id):
            return transfer(filetransfer, channel_id, *others)

    return in_turn


def in_turn(work: Callable[..., Any]) -> Callable[..., Any]:
    """Around `delete_content` and `diff_stats`, whose first argument is the channel's id."""

    @wraps(work)
    def alone(channel_id: str, *others: Any, **named: Any) -> Any:
        with _turn(channel_id):
            return work(channel_id, *others, **named)

    return alone


@contextlib.contextmanager
def turn_if_free(channel_id: str) -> Iterator[bool]:
    """The turn at a channel where nobody has it; False where somebody does."""
    lock = _lock_of(channel_id)
    try:
        yield lock.try_acquire()
    finally:
        lock.release()


@contextlib.contextmanager
def _turn(channel_id: str) -> Iterator[None]:
    """Wait until nobody else is at this channel; whoever is killed leaves it to the next.

    Nested uses in the same thread go straight in.
    """
    if channel_id in _channels():
        yield
        return
    lock = _lock_of(channel_id)
    try:
        _wait_for(lock, channel_id)
        _channels().add(channel_id)
        yield
    finally:
        _channels().discard(channel_id)
        lock.release()


def _lock_of(channel_id: str) -> AdvisoryLock:
    return AdvisoryLock(f"channel {channel_id[:DIGITS]}")


def _channels() -> set[str]:
    """The channels that this thread is at."""
    if not hasattr(_held, "channels"):
        _held.channels = set()
    channels: set[str] = _held.channels
    return channels


def _wait_for(lock: AdvisoryLock, channel_id: str) -> None:
    from kolibri.core.tasks.utils import get_current_job

    job, began, told = get_current_job(), time.monotonic(), False
    while not lock.try_acquire():
        if not told:
            told = True
            holder = lock.holder()
            logger.info(
                "Waiting for another import, update or deletion of channel %s (%s).",
                channel_id,
                holder[1] if holder else "it has just ended",
            )
        if job is not None:
            job.check_for_cancel()
        time.sleep(POLL_SECONDS)
    if told:
        logger.info("Channel %s is free after %.1f s.", channel_id, time.monotonic() - began)
