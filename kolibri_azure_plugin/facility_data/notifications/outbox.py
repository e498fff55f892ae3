"""The table of pending notifications for coaches, and its SQL statements."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from kolibri_azure_plugin.facility_data.notifications.calls import Call

TABLE = "kolibri_azure_notifications"

#: A row that is left to the administrator is due at infinity. The lock is needed: despite IF NOT
#: EXISTS, one of two sessions that create the table at once fails.
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

#: Lanes with due rows. Learners who are working now come before work from a sync, which may be a
#: lot (Kolibri's functions for it are named batch_…). In each group, the oldest row comes first.
DUE_LANES = """
    SELECT lane FROM kolibri_azure_notifications WHERE due <= clock_timestamp()
    GROUP BY lane ORDER BY bool_and(starts_with(function, 'batch_')), min(id) LIMIT %s
"""
DUE_ROWS = """
    SELECT id, function, arguments, attempts FROM kolibri_azure_notifications
    WHERE lane = %s AND due <= clock_timestamp() ORDER BY id LIMIT %s
"""

#: Held until the end of the transaction; False when another process holds it.
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

#: How many rows wait, the seconds that the oldest due row has waited, and how many are left to the
#: administrator. Rows that are due later do not count for the seconds.
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

#: How many characters of an error to store.
MAX_ERROR_LENGTH = 500

_made = threading.Event()


@dataclasses.dataclass(frozen=True)
class Row:
    """A due call, and how often it has failed."""

    id: int
    call: Call
    attempts: int


def make_table() -> None:
    """Create the table, once per process, in a separate connection: the caller's may roll back."""
    from django.db import connection

    if _made.is_set():
        return
    with contextlib.closing(connection.copy()) as own, own.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [TABLE])
        if cursor.fetchone()[0]:
            # psycopg2 sends these statements together, which makes them one transaction.
            cursor.execute(CREATE)
    _made.set()


def insert(connection: Any, calls: Sequence[Call]) -> None:
    """Insert all calls in one statement."""
    values: list[Any] = []
    for call in calls:
        values += (call.lane, call.function, json.dumps(call.arguments))
    with connection.cursor() as cursor:
        cursor.execute(INSERT + ", ".join(["(%s, %s, %s)"] * len(calls)), values)


def due_lanes(limit: int) -> list[str]:
    return [lane for (lane,) in _rows(DUE_LANES, limit)]


def due_rows(lane: str, limit: int) -> list[Row]:
    """The oldest due rows of a lane. The caller must hold the lane's lock."""
    return [
        Row(number, Call(lane, function, _parsed(arguments)), attempts)
        for number, function, arguments, attempts in _rows(DUE_ROWS, lane, limit)
    ]


def lock(lane: str) -> bool:
    """Lock a lane for this transaction; False when another process holds the lock."""
    return bool(_rows(LOCK, lane)[0][0])


def delete(ids: Iterable[int]) -> None:
    execute(DELETE, list(ids))


def postpone(row: Row, delay: str | None, *, attempts: int = 0, error: str = "") -> None:
    """Postpone a row; a delay of None leaves it to the administrator."""
    # PostgreSQL's text type can't contain NUL.
    execute(POSTPONE, attempts, error.replace("\0", "")[:MAX_ERROR_LENGTH], delay, row.id)


def seconds_until_next() -> float | None:
    """Seconds until the next row is due, negative when it is overdue; None without such a row."""
    seconds: float | None = _rows(NEXT)[0][0]
    return seconds


def state() -> tuple[int, float, int]:
    """How many wait, how many seconds the oldest has waited, and how many have failed for good."""
    waiting, age, failed = _rows(STATE)[0]
    return int(waiting), float(age), int(failed)


def failures() -> list[tuple[Any, ...]]:
    """Id, function, lane, attempts and error of each row that has failed at least once."""
    return _rows(FAILURES)


def retry() -> int:
    """Make all failed rows due now. Returns their number."""
    return int(_rows(RETRY)[0][0])


def _parsed(arguments: Any) -> Any:
    # Django 3.2 makes psycopg2 return jsonb as text.
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
