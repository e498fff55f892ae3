"""The table of minutes: what each instance and the deployment counted in each minute of a day.

It has one row per minute and source, for about a day, so it stays small. It is not a model, because
the process that writes it loads no Django.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from kolibri_azure_plugin.database.state import State

TABLE = "kolibri_azure_minutes"

#: The source of what belongs to no single instance.
DEPLOYMENT = ""

#: Hours that a row is stored: a day, and some time to look at its first hour.
STORED_HOURS = 25

#: Despite IF NOT EXISTS, one of two sessions that create the table at once fails, so a lock makes
#: one wait. It ends with the transaction.
CREATE = """
    SELECT pg_advisory_xact_lock(hashtext('kolibri_azure_minutes'));
    CREATE TABLE IF NOT EXISTS kolibri_azure_minutes (
        minute timestamptz NOT NULL,
        source text NOT NULL,
        value jsonb NOT NULL,
        PRIMARY KEY (minute, source)
    );
    SELECT 1;
"""
KEEP = """
    INSERT INTO kolibri_azure_minutes (minute, source, value) VALUES (%s, %s, %s)
    ON CONFLICT (minute, source) DO UPDATE SET value = excluded.value RETURNING source
"""

#: By the server's clock, so the instances agree on the minute.
CLAIM = """
    INSERT INTO kolibri_azure_minutes (minute, source, value)
    VALUES (date_trunc('minute', clock_timestamp()), %s, '{}')
    ON CONFLICT (minute, source) DO NOTHING RETURNING minute
"""
FORGET = """
    DELETE FROM kolibri_azure_minutes
    WHERE minute < clock_timestamp() - make_interval(hours => %s) RETURNING source
"""

#: As text, because Django 3.2 makes psycopg2 return jsonb as text, and psycopg2 alone does not.
READ = """
    SELECT minute, source, value::text FROM kolibri_azure_minutes
    WHERE minute > clock_timestamp() - make_interval(secs => %s) ORDER BY minute, source
"""

#: Numbers alone: a day of the values with their pages takes a page that shows it too long.
READ_TOTALS = """
    SELECT extract(epoch FROM minute)::bigint / 60,
           sum((value ->> 'kept')::int)::int, sum((value ->> 'kept_errors')::int)::int,
           sum((value ->> 'passed')::int)::int, sum((value ->> 'passed_errors')::int)::int,
           max((value ->> 'learners_now')::int)
    FROM kolibri_azure_minutes
    WHERE minute > clock_timestamp() - make_interval(secs => %s) GROUP BY minute ORDER BY minute
"""
READ_ONE = """
    SELECT value::text FROM kolibri_azure_minutes WHERE minute = %s AND source = %s
"""


@dataclasses.dataclass(frozen=True)
class Minute:
    """What one source counted in one minute.

    :param at: when the minute began, in UTC.
    :param source: the instance's name, as in the logs; DEPLOYMENT for the deployment.
    :param value: of an instance, see :meth:`requests.Counts.value`; of the deployment, see
        :func:`sampling.sample`.
    """

    at: datetime
    source: str
    value: dict[str, Any]


class Totals(NamedTuple):
    """What all instances counted in one minute together.

    :param minute: its number since 1970.
    :param kept: requests that nginx answered itself; None if no instance counted any.
    :param passed: requests that it passed on.
    :param learners: active ones; None if they were not counted.
    """

    minute: int
    kept: int | None
    kept_errors: int | None
    passed: int | None
    passed_errors: int | None
    learners: int | None


def create(state: State) -> None:
    """Create the table unless it exists."""
    if not state.exists(TABLE):
        state.rows(CREATE)


def keep(state: State, at: datetime, source: str, value: Mapping[str, Any]) -> None:
    """Store a value, in place of the previous one of this minute and source."""
    state.rows(KEEP, at, source, json.dumps(value))


def claim(state: State) -> datetime | None:
    """The present minute for the one instance that is to sample the deployment; None for others."""
    rows = state.rows(CLAIM, DEPLOYMENT)
    return rows[0][0] if rows else None


def read_one(state: State, at: datetime, source: str) -> dict[str, Any] | None:
    """The value of a minute; None if there is none."""
    rows = state.rows(READ_ONE, at, source)
    return json.loads(rows[0][0]) if rows else None


def read(state: State, hours: float = 24) -> list[Minute]:
    """The minutes of the last hours, oldest first; none while the table does not exist.

    :param state: on any connection to PostgreSQL, also Django's.
    """
    if not state.exists(TABLE):
        return []
    return [
        Minute(minute.astimezone(timezone.utc), source, json.loads(value))
        for minute, source, value in state.rows(READ, hours * 3600)
    ]


def totals(state: State, hours: float = 24) -> list[Totals]:
    """The totals of each minute of the last hours, oldest first; as for :func:`read`."""
    if not state.exists(TABLE):
        return []
    return [Totals(*row) for row in state.rows(READ_TOTALS, hours * 3600)]


def forget(state: State) -> None:
    """Delete the rows that are too old."""
    state.rows(FORGET, STORED_HOURS)
