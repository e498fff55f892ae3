"""Locks that one process of all instances holds at a time, and that PostgreSQL frees when it ends.

They are session-level advisory locks, each on a connection of its own: however a process ends, the
operating system closes its connection, and the lock is free. They need a real session: a pooler
in transaction mode hands one session to several clients.
"""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg2

from kolibri_azure_plugin.instances.sessions import open_session

#: An advisory lock of one bigint shows in pg_locks as two halves, with objsubid 1.
HOLDERS = """
    SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) + objid::bigint = %s AND pid <> pg_backend_pid()
"""


class AdvisoryLock:
    """One lock, in one database.

    :param name: what it stands for, the same in all instances.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        # Positive, so that the two halves add up to it again.
        digest = hashlib.sha256(f"kolibri-azure {name}".encode()).digest()
        self.key = int.from_bytes(digest[:8], "big") >> 1
        self._session: Any = None

    @property
    def session(self) -> Any:
        """The connection that the lock is held on, or asked for."""
        if self._session is None or self._session.closed:
            self._session = open_session(self.name)
        return self._session

    def try_acquire(self) -> bool:
        """Take the lock if it is free; True when it is ours now.

        :raises psycopg2.OperationalError: when the connection failed; it is opened anew next time.
        :raises DatabaseError: when there is none.
        """
        return bool(self._ask("SELECT pg_try_advisory_lock(%s)", self.key)[0][0])

    def holder(self) -> tuple[int, str] | None:
        """The process on the server that holds the lock, and the name it goes by; None if free."""
        rows = self._ask(HOLDERS, self.key)
        return (rows[0][0], rows[0][1]) if rows else None

    def release(self) -> None:
        """Free the lock, by ending its session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self.session.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        except psycopg2.Error:
            self.release()
            raise
