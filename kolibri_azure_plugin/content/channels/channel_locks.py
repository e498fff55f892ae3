"""Locks for channels: one import, update or deletion at a time, across all instances.

There are two locks, always taken in this order:

- One per channel, held from the first byte of its database file to the last of its resources.
- One for all content, held by each transaction that changes content through SQLAlchemy. Kolibri
  takes a lock where Django changes content. This lock replaces it, because Kolibri's has the number
  1, as has Morango's, and every sync holds that one while it deserialises records.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5

#: Released at the end of the transaction.
CONTENT_LOCK = "SELECT pg_advisory_xact_lock(%s)", [AdvisoryLock("content").key]

#: How many digits of a channel's id name its lock. PostgreSQL truncates longer names.
DIGITS = 12

_held = threading.local()


def lock_content_transactions() -> None:
    """Make every SQLAlchemy transaction in Kolibri's database begin by taking the lock."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "begin", _take_content_lock)


def _take_content_lock(connection: Any) -> None:
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor() as cursor:
            cursor.execute(*CONTENT_LOCK)


def use_content_lock(execute: Callable[..., None]) -> Callable[..., None]:
    """Replace `PostgresLock.execute`, which uses the same number as Morango's lock."""

    @wraps(execute)
    def take_content_lock(_lock: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(*CONTENT_LOCK)

    return take_content_lock


def lock_resource_import(run: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `ResourceImportManagerBase.run`, which imports files, and the database on request."""

    @wraps(run)
    def with_channel_lock(manager: Any) -> Any:
        with _channel_lock(manager.channel_id):
            return run(manager)

    return with_channel_lock


def lock_channel_import(run: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `ChannelImport.run_and_annotate`. A failure releases the content lock too."""

    @wraps(run)
    def with_channel_lock(manager: Any) -> Any:
        # The manager's first reads opened a transaction, which must not stay open for hours.
        manager.destination.get_raw_connection().rollback()
        with _channel_lock(manager.channel_id):
            try:
                return run(manager)
            except BaseException:
                manager.end()
                raise

    return with_channel_lock


def lock_channel_transfer(transfer: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `start_file_transfer`, which fetches a channel's database and imports it."""

    @wraps(transfer)
    def with_channel_lock(filetransfer: Any, channel_id: str, *others: Any) -> Any:
        with _channel_lock(channel_id):
            return transfer(filetransfer, channel_id, *others)

    return with_channel_lock


def with_channel_lock(work: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `delete_content` or `diff_stats`, whose first argument is the channel's id."""

    @wraps(work)
    def work_with_lock(channel_id: str, *others: Any, **named: Any) -> Any:
        with _channel_lock(channel_id):
            return work(channel_id, *others, **named)

    return work_with_lock


@contextlib.contextmanager
def try_channel_lock(channel_id: str) -> Iterator[bool]:
    """Take the channel's lock if it is free; yields whether it was."""
    lock = _lock_of(channel_id)
    try:
        yield lock.try_acquire()
    finally:
        lock.release()


@contextlib.contextmanager
def _channel_lock(channel_id: str) -> Iterator[None]:
    """Hold the channel's lock. PostgreSQL releases it when the process dies.

    Reentrant within a thread.
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
    """The channels whose locks this thread holds."""
    if not hasattr(_held, "channels"):
        _held.channels = set()
    channels: set[str] = _held.channels
    return channels


def _wait_for(lock: AdvisoryLock, channel_id: str) -> None:
    from kolibri.core.tasks.utils import get_current_job

    job, began, logged = get_current_job(), time.monotonic(), False
    while not lock.try_acquire():
        if not logged:
            logged = True
            holder = lock.holder()
            logger.info(
                "Waiting for another import, update or deletion of channel %s (%s).",
                channel_id,
                holder[1] if holder else "it has just ended",
            )
        if job is not None:
            job.check_for_cancel()
        time.sleep(POLL_SECONDS)
    if logged:
        logger.info("Channel %s is free after %.1f s.", channel_id, time.monotonic() - began)
