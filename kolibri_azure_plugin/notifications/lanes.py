"""Working off what is due: lane by lane, each in a transaction of its own.

A lane is a learner. One process at a time works on it, because Kolibri's functions look for a
notification before they make it: two that look at once would both make it.
"""

from __future__ import annotations

import logging
from typing import Callable

from kolibri_azure_plugin.notifications import outbox, synced
from kolibri_azure_plugin.notifications.calls import GoneError, apart
from kolibri_azure_plugin.notifications.outbox import Row
from kolibri_azure_plugin.notifications.remembered import one_batch
from kolibri_azure_plugin.redaction import redact

logger = logging.getLogger(__name__)

#: Lanes that are asked for at once, and rows of a lane that are one transaction.
LANES = 20
ROWS = 20

#: When a call that failed is tried again; after the last it is left for the administrator.
DELAYS = ("5 seconds", "1 minute", "10 minutes", "1 hour", "6 hours")


class _FailedError(Exception):
    """A call failed, and with it the transaction that tried all of a lane at once."""


def work_off(go_on: Callable[[], bool] = lambda: True) -> int:
    """Do everything that is due and that no other process is at; the number of calls.

    :param go_on: asked between two lanes.
    :raises django.db.Error, KolibriAzureError: when the database is away; what was begun is as it
        was before.
    """
    worked = 0
    while go_on():
        lanes = outbox.due_lanes(LANES)
        done = 0
        for lane in lanes:
            if not go_on():
                break
            done += _work_off_lane(lane)
        worked += done
        if not done:
            break
    return worked


def _work_off_lane(lane: str) -> int:
    try:
        return _in_one_transaction(lane, _make)
    except _FailedError:
        # Again, with a savepoint for each: one failure hurts nobody else.
        return _in_one_transaction(lane, _make_or_postpone)


def _in_one_transaction(lane: str, make: Callable[[Row], bool]) -> int:
    from django.db import transaction

    with transaction.atomic():
        if not outbox.lock(lane):
            return 0
        rows = outbox.due_rows(lane, ROWS)
        with one_batch():
            done = [row.id for row in rows if make(row)]
        if done:
            outbox.delete(done)
    return len(rows)


def _make(row: Row) -> bool:
    """True when it is done with; False when it waits for something."""
    try:
        if row.call.function == synced.FUNCTION:
            return synced.spread(row)
        row.call.make()
    except GoneError as error:
        logger.debug("No notification, because it is gone: %s.", error)
    except Exception as error:
        _raise_if_the_database_is_away()
        raise _FailedError from error
    return True


def _make_or_postpone(row: Row) -> bool:
    from django.db import connection, transaction

    try:
        with transaction.atomic():
            return _make(row)
    except _FailedError as failed:
        _raise_if_the_database_is_away()
        parts = apart(row.call) if row.call.function != synced.FUNCTION else []
        if parts:
            outbox.insert(connection, parts)
            return True
        _postpone(row, failed.__cause__ or failed)
        return False


def _raise_if_the_database_is_away() -> None:
    """Let an error pass that is none of the call's."""
    from django.db import InterfaceError, connection

    if connection.connection is None or connection.connection.closed:
        raise InterfaceError("the connection ended in the middle of a transaction")


def _postpone(row: Row, error: BaseException) -> None:
    attempts = row.attempts + 1
    delay = DELAYS[row.attempts] if row.attempts < len(DELAYS) else None
    reason = redact(f"{type(error).__name__}: {error}".strip())
    outbox.postpone(row, delay, attempts=attempts, error=reason)
    what = f"{row.call.function} of {row.call.lane} (row {row.id}): {reason}"
    if delay is None:
        logger.error(
            "A notification for coaches has failed %d times, and is left to you: %s. See "
            "kolibri manage azure_notifications",
            attempts,
            what,
        )
    else:
        logger.warning(
            "A notification for coaches failed, and is tried again in %s: %s", delay, what
        )
