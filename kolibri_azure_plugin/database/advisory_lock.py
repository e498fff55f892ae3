"""Locks across all instances, which PostgreSQL releases when the holding process ends.

They are session-level advisory locks, each on its own connection. However a process ends, the
operating system closes its connection and the lock is free. They need a real session, but a pooler
in transaction mode shares one session among several clients.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

import psycopg2

from kolibri_azure_plugin.database.lock_keys import lock_key
from kolibri_azure_plugin.database.sessions import open_session
from kolibri_azure_plugin.errors import DatabaseError, KolibriAzureError
from kolibri_azure_plugin.errors.remedies import set_app_settings

#: pg_locks shows an advisory lock of one bigint as two halves, with objsubid 1.
HOLDERS = """
    SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) + objid::bigint = %s AND pid <> pg_backend_pid()
"""


class AdvisoryLock:
    """One lock, in one database.

    :param name: identifies the lock, the same in all instances.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = lock_key(name)
        self._session: Any = None
        self._server_process = 0

    @property
    def session(self) -> Any:
        """The connection of the lock."""
        if self._session is None or self._session.closed:
            self._session = open_session(self.name)
            self._server_process = 0
        return self._session

    def try_acquire(self) -> bool:
        """Take the lock if it is free; True if this process holds it now.

        :raises psycopg2.OperationalError: when the connection failed. The next call opens another.
        :raises DatabaseError: when no connection can be opened, or it goes through a pooler.
        """
        row = self._ask("SELECT pg_try_advisory_lock(%s), pg_backend_pid()", self.key)[0]
        acquired, server_process = bool(row[0]), int(row[1])
        self._require_one_session(server_process)
        return acquired

    def confirm(self) -> None:
        """Make sure that the session in which the lock was requested still exists.

        :raises psycopg2.Error: when it does not.
        :raises DatabaseError: when another session answers, because of a pooler.
        """
        # Not `self.session`, which would open another one.
        with self._session.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._require_one_session(int(cursor.fetchone()[0]))

    def holder(self) -> tuple[int, str] | None:
        """The server process that holds the lock, and its application name; None if free."""
        rows = self._ask(HOLDERS, self.key)
        return (rows[0][0], rows[0][1]) if rows else None

    def release(self) -> None:
        """Release the lock by closing its session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _require_one_session(self, server_process: int) -> None:
        if not self._server_process:
            self._server_process = server_process
        elif self._server_process != server_process:
            raise DatabaseError(
                "The connection to PostgreSQL switches sessions, so locks do not work.",
                expected="one session for as long as the connection is open",
                found=f"server process {self._server_process}, then {server_process}, as with a "
                "pooler in transaction mode",
                remedy="Connect to PostgreSQL itself, on port 5432, not to its pooler on port 6432."
                " The port is part of the database URL, or set it:\n"
                + set_app_settings("KOLIBRI_DATABASE_PORT=5432"),
                code="database-pooler",
            )

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self.session.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        except psycopg2.Error:
            self.release()
            raise


@contextlib.contextmanager
def held(name: str, refusal: Callable[[str], KolibriAzureError]) -> Iterator[AdvisoryLock]:
    """Hold a lock, as one process of the deployment can.

    :param refusal: makes the error for a lock that is not free, from the name of its session.
    """
    lock = AdvisoryLock(name)
    try:
        if not lock.try_acquire():
            holder = lock.holder()
            raise refusal(holder[1] if holder else "a session that has just ended")
        yield lock
    finally:
        lock.release()
