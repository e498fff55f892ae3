"""State that the instances of a deployment share, in a small table of the plugin.

It is read before Django loads its apps and written before the first migration, so it can't be a
model.
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
from kolibri_azure_plugin.database.sessions import open_session

logger = logging.getLogger(__name__)

TABLE = "kolibri_azure_state"

#: The key of the version of Kolibri that the database belongs to.
KOLIBRI_VERSION = "kolibri_version"

#: Two processes that create a table at once collide even with IF NOT EXISTS, so a lock makes one
#: wait. Its number is arbitrary, and it ends with the transaction.
CREATE = """
    SELECT pg_advisory_xact_lock(7034512006);
    CREATE TABLE IF NOT EXISTS kolibri_azure_state (
        key text PRIMARY KEY,
        value jsonb NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
"""


class State:
    """The table, on one connection."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def get(self, key: str) -> Any:
        """The value, or None if there is none."""
        rows = self.rows("SELECT value FROM kolibri_azure_state WHERE key = %s", key)
        return rows[0][0] if rows else None

    def set(self, key: str, value: Any) -> None:
        """Write a value that JSON can encode."""
        self.rows(
            "INSERT INTO kolibri_azure_state (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value,"
            " updated_at = clock_timestamp() RETURNING key",
            key,
            json.dumps(value),
        )

    def set_once(self, key: str, value: Any) -> Any:
        """Write a value unless there is one; returns the stored value."""
        self.rows(
            "INSERT INTO kolibri_azure_state (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO NOTHING RETURNING key",
            key,
            json.dumps(value),
        )
        return self.get(key)

    def forget(self, beginning: str, seconds: float) -> None:
        """Delete the values whose keys begin so, and that were not written for this long."""
        self.rows(
            "DELETE FROM kolibri_azure_state WHERE starts_with(key, %s)"
            " AND updated_at < clock_timestamp() - make_interval(secs => %s) RETURNING key",
            beginning,
            seconds,
        )

    def exists(self, table: str) -> bool:
        """True if the database has a table with this name."""
        return bool(self.rows("SELECT to_regclass(%s) IS NOT NULL", table)[0][0])

    def create(self) -> None:
        """Create the table unless it exists."""
        if not self.exists(TABLE):
            # psycopg2 sends both statements at once, which makes them one transaction.
            with self._session.cursor() as cursor:
                cursor.execute(CREATE)

    def rows(self, statement: str, *values: object, **named: object) -> list[tuple[Any, ...]]:
        """The rows that one statement returns.

        :param values: its parameters, in order; or `named`, by their names.
        """
        with self._session.cursor() as cursor:
            cursor.execute(statement, named or values)
            return list(cursor.fetchall())


@contextlib.contextmanager
def open_state() -> Iterator[State]:
    """The state, on a connection that is closed afterwards. Creates the table if it is missing.

    :raises DatabaseError: when PostgreSQL can't be reached, or this user can't migrate the
        database. Every caller may have to migrate, and the shared cache creates its table in every
        process.
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
    """Warn once, although a process opens the state several times."""
    logger.warning(
        "Database %s belongs to %s, not to %s. Kolibri can work with it. To find out what to do, "
        "run: kolibri manage azure_check --only azure.database.owner",
        database,
        owner,
        user,
    )
