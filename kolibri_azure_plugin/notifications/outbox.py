"""The table of what coaches are still to be told, and the statements on it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from kolibri_azure_plugin.notifications.calls import Call

TABLE = "kolibri_azure_notifications"

#: A row that is left to the administrator is due at infinity. The lock is because two sessions that
#: create one table at once fail, IF NOT EXISTS or not.
CREATE = """
SELECT pg_advisory_xact_lock(hashtext('kolibri_azure_notifications'));
CREATE TABLE IF NOT EXISTS kolibri_azure_notifications (
    id bigserial PRIMARY KEY,
    lane text NOT NULL,
    function text NOT NULL,
    arguments jsonb NOT NULL,
    written timestamptz NOT NULL DEFAULT clock_timestamp(),
    due timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts smallint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS kolibri_azure_notifications_lane
    ON kolibri_azure_notifications (lane, id);
"""

INSERT = "INSERT INTO kolibri_azure_notifications (lane, function, arguments) VALUES "

#: Lanes with something to do: learners at work before what a sync brought, which may be a lot (the
#: functions for that are Kolibri's batch_…), and of each the longest waiting first.
DUE_LANES = """
    SELECT lane FROM kolibri_azure_notifications WHERE due <= clock_timestamp()
    GROUP BY lane ORDER BY bool_and(starts_with(function, 'batch_')), min(id) LIMIT %s
"""
DUE_ROWS = """
    SELECT id, function, arguments, attempts FROM kolibri_azure_notifications
    WHERE lane = %s AND due <= clock_timestamp() ORDER BY id LIMIT %s
"""

#: Until the end of the transaction; False when another process has it.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('kolibri_azure_notifications'), hashtext(%s))"

DELETE = "DELETE FROM kolibri_azure_notifications WHERE id = ANY(%s)"
POSTPONE = """
    UPDATE kolibri_azure_notifications SET attempts = %s, error = %s,
        due = coalesce(clock_timestamp() + %s::interval, 'infinity')
    WHERE id = %s
"""
NEXT = """
    SELECT extract(epoch FROM min(due) - clock_timestamp())::float8
    FROM kolibri_azure_notifications WHERE due < 'infinity'
"""

#: How many wait, for how many seconds at most, and how many are left to the administrator. A try
#: that is to come later is no waiting.
STATE = """
    SELECT count(*) FILTER (WHERE due < 'infinity'),
        coalesce(extract(epoch FROM clock_timestamp()
            - min(due) FILTER (WHERE due <= clock_timestamp())), 0)::float8,
        count(*) FILTER (WHERE due = 'infinity')
    FROM kolibri_azure_notifications
"""
FAILURES = """
    SELECT id, function, lane, attempts, error FROM kolibri_azure_notifications
    WHERE attempts > 0 ORDER BY id LIMIT 100
"""
RETRY = """
    WITH retried AS (
        UPDATE kolibri_azure_notifications SET due = clock_timestamp(), attempts = 0
        WHERE attempts > 0 RETURNING 1
    )
    SELECT count(*) FROM retried
"""

#: Characters of an error that are kept.
LONGEST_ERROR = 500

_made = threading.Event()


@dataclasses.dataclass(frozen=True)
class Row:
    """A call that is due, and how often it has failed."""

    id: int
    call: Call
    attempts: int


def make_table() -> None:
    """Make the table, once per process, in a connection of its own: the caller's may roll back."""
    from django.db import connection

    if _made.is_set():
        return
    with contextlib.closing(connection.copy()) as own, own.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [TABLE])
        if cursor.fetchone()[0]:
            # psycopg2 sends the statements at once, which makes them one transaction.
            cursor.execute(CREATE)
    _made.set()


def insert(connection: Any, calls: Sequence[Call]) -> None:
    """Write rows, in one statement."""
    values: list[Any] = []
    for call in calls:
        values += (call.lane, call.function, json.dumps(call.arguments))
    with connection.cursor() as cursor:
        cursor.execute(INSERT + ", ".join(["(%s, %s, %s)"] * len(calls)), values)


def due_lanes(limit: int) -> list[str]:
    return [lane for (lane,) in _rows(DUE_LANES, limit)]


def due_rows(lane: str, limit: int) -> list[Row]:
    """The oldest of a lane; only for who has its lock."""
    return [
        Row(number, Call(lane, function, _parsed(arguments)), attempts)
        for number, function, arguments, attempts in _rows(DUE_ROWS, lane, limit)
    ]


def lock(lane: str) -> bool:
    """Take a lane for this transaction; False when another process has it."""
    return bool(_rows(LOCK, lane)[0][0])


def delete(ids: Iterable[int]) -> None:
    execute(DELETE, list(ids))


def postpone(row: Row, delay: str | None, *, attempts: int = 0, error: str = "") -> None:
    """Have a row wait; None leaves it to the administrator."""
    # PostgreSQL's text takes no NUL.
    execute(POSTPONE, attempts, error.replace("\0", "")[:LONGEST_ERROR], delay, row.id)


def seconds_until_next() -> float | None:
    """Seconds until something is due, less than 0 when it is already; None when nothing will be."""
    seconds: float | None = _rows(NEXT)[0][0]
    return seconds


def state() -> tuple[int, float, int]:
    """How many wait, the seconds that the longest has, and how many have failed for good."""
    waiting, age, failed = _rows(STATE)[0]
    return int(waiting), float(age), int(failed)


def failures() -> list[tuple[Any, ...]]:
    """Id, function, lane, tries and error of what has failed at least once."""
    return _rows(FAILURES)


def retry() -> int:
    """Have what has failed tried again; their number."""
    return int(_rows(RETRY)[0][0])


def _parsed(arguments: Any) -> Any:
    # Django 3.2 tells psycopg2 to leave jsonb as text.
    return json.loads(arguments) if isinstance(arguments, str) else arguments


def _rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def execute(statement: str, *values: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
