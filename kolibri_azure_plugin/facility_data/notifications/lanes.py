"""Processes due notifications, lane by lane, each in its own transaction.

A lane is a learner. Only one process at a time works on a lane, because Kolibri's functions look
for a notification before they create it: two at once would both create it.
"""

from __future__ import annotations

import logging
from typing import Callable

from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.facility_data.notifications import outbox, synced
from kolibri_azure_plugin.facility_data.notifications.batch_cache import batch_cache
from kolibri_azure_plugin.facility_data.notifications.calls import GoneError, split_call
from kolibri_azure_plugin.facility_data.notifications.outbox import Row

logger = logging.getLogger(__name__)

#: How many lanes to query at once, and how many rows of a lane to process per transaction.
LANES = 20
ROWS = 20

#: The delays before a failed call is tried again. After the last, it is left to the administrator.
DELAYS = ("5 seconds", "1 minute", "10 minutes", "1 hour", "6 hours")


class _FailedError(Exception):
    """A call failed, and with it the transaction for its whole lane."""


def drain(should_continue: Callable[[], bool] = lambda: True) -> int:
    """Process all due lanes that no other process works on. Returns the number of calls.

    :param should_continue: called between two lanes.
    :raises django.db.Error, KolibriAzureError: when the database is down; the current lane is
        rolled back.
    """
    worked = 0
    while should_continue():
        lanes = outbox.due_lanes(LANES)
        done = 0
        for lane in lanes:
            if not should_continue():
                break
            done += _drain_lane(lane)
        worked += done
        if not done:
            break
    return worked


def _drain_lane(lane: str) -> int:
    try:
        return _in_one_transaction(lane, _make)
    except _FailedError:
        # Again, with a savepoint per call, so that a failure affects only its own call.
        return _in_one_transaction(lane, _make_or_postpone)


def _in_one_transaction(lane: str, make: Callable[[Row], bool]) -> int:
    from django.db import transaction

    with transaction.atomic():
        if not outbox.lock(lane):
            return 0
        rows = outbox.due_rows(lane, ROWS)
        with batch_cache():
            done = [row.id for row in rows if make(row)]
        if done:
            outbox.delete(done)
    return len(rows)


def _make(row: Row) -> bool:
    """Make a call. Returns False when it must wait for something."""
    try:
        if row.call.function == synced.FUNCTION:
            return synced.expand_transfer(row)
        row.call.make()
    except GoneError as error:
        logger.debug("No notification about a deleted record: %s.", error)
    except Exception as error:
        _raise_if_disconnected()
        raise _FailedError from error
    return True


def _make_or_postpone(row: Row) -> bool:
    from django.db import connection, transaction

    try:
        with transaction.atomic():
            return _make(row)
    except _FailedError as failed:
        _raise_if_disconnected()
        parts = split_call(row.call) if row.call.function != synced.FUNCTION else []
        if parts:
            outbox.insert(connection, parts)
            return True
        _postpone(row, failed.__cause__ or failed)
        return False


def _raise_if_disconnected() -> None:
    """Don't blame the call when the connection was lost."""
    from django.db import InterfaceError, connection

    if connection.connection is None or connection.connection.closed:
        raise InterfaceError("the connection was lost during a transaction")


def _postpone(row: Row, error: BaseException) -> None:
    attempts = row.attempts + 1
    delay = DELAYS[row.attempts] if row.attempts < len(DELAYS) else None
    reason = redact(f"{type(error).__name__}: {error}".strip())
    outbox.postpone(row, delay, attempts=attempts, error=reason)
    what = f"{row.call.function} of {row.call.lane} (row {row.id}): {reason}"
    if delay is None:
        logger.error(
            "A notification for coaches has failed %d times, and is not tried again: %s. See "
            "kolibri manage azure_notifications",
            attempts,
            what,
        )
    else:
        logger.warning(
            "A notification for coaches failed, and is tried again in %s: %s", delay, what
        )
