"""What the instances of a deployment know together: a small table of the plugin's own.

It is read before Django has its apps and written before the first migration, so it is no model.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
from collections.abc import Iterator
from typing import Any

from kolibri_azure_plugin.database.ownership import examine
from kolibri_azure_plugin.database.ownership_remedies import refusal
from kolibri_azure_plugin.instances.sessions import open_session

logger = logging.getLogger(__name__)

TABLE = "kolibri_azure_state"

#: Two processes that create a table at once collide even with IF NOT EXISTS, so one waits. The
#: number is arbitrary, and the lock ends with the transaction.
CREATE = """
    SELECT pg_advisory_xact_lock(7034512006);
    CREATE TABLE IF NOT EXISTS kolibri_azure_state (
        key text PRIMARY KEY,
        value jsonb NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
"""


class State:
    """The table, over one connection."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def get(self, key: str) -> Any:
        """The value, or None when there is none."""
        rows = self.rows("SELECT value FROM kolibri_azure_state WHERE key = %s", key)
        return rows[0][0] if rows else None

    def set(self, key: str, value: Any) -> None:
        """Write a value that JSON knows."""
        self.rows(
            "INSERT INTO kolibri_azure_state (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value,"
            " updated_at = clock_timestamp() RETURNING key",
            key,
            json.dumps(value),
        )

    def set_once(self, key: str, value: Any) -> Any:
        """Write a value unless there is one; returns the one that stands."""
        self.rows(
            "INSERT INTO kolibri_azure_state (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO NOTHING RETURNING key",
            key,
            json.dumps(value),
        )
        return self.get(key)

    def exists(self, table: str) -> bool:
        """True when the database has a table of this name."""
        return bool(self.rows("SELECT to_regclass(%s) IS NOT NULL", table)[0][0])

    def create(self) -> None:
        """Make the table, unless it is there."""
        if not self.exists(TABLE):
            # psycopg2 sends both statements at once, which makes them one transaction.
            with self._session.cursor() as cursor:
                cursor.execute(CREATE)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that one statement answers with."""
        with self._session.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())


@contextlib.contextmanager
def open_state() -> Iterator[State]:
    """The state, on a connection that is closed afterwards; the table is made when it is absent.

    :raises DatabaseError: when PostgreSQL can't be reached, or when this user can't migrate the
        database. Everything that asks for the state may have to, and the shared cache makes sure
        of its table in every process.
    """
    session = open_session("state")
    try:
        _require_rights(session)
        state = State(session)
        state.create()
        yield state
    finally:
        session.close()


def _require_rights(session: Any) -> None:
    ownership = examine(session)
    if not ownership.may_migrate:
        raise refusal(ownership, session)
    if not ownership.owns_database:
        _tell_once(ownership.database, ownership.owner, ownership.user)


@functools.cache
def _tell_once(database: str, owner: str, user: str) -> None:
    """A process asks for the state several times."""
    logger.warning(
        "Database %s belongs to %s, not to %s. Kolibri works in it; what to do about it says "
        "kolibri manage azure_check --only azure.database.owner",
        database,
        owner,
        user,
    )
