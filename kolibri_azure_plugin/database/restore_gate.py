"""Keeps processes away from the database while a restore replaces its tables.

A restore holds an advisory lock, and ends all other sessions. Each process then has to connect
again, and each new connection looks for the lock in one round trip. So a restore leaves nothing
behind that would have to be reset: however it ends, its lock ends with it.

Afterwards the tables are not those of before, even if they have the same names. A process that
remembers anything about them has to start again.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable

from kolibri_azure_plugin.database.lock_keys import lock_key
from kolibri_azure_plugin.errors import DatabaseError

logger = logging.getLogger(__name__)

#: The lock of the process that restores, and that of its session that changes the tables. If the
#: process is killed, the server may take a moment to notice, and to undo the changes.
RESTORE = "restore"
CHANGES = "changes of a restore"

#: Looks up the state table's number without waiting for its lock. A restore creates the table
#: again, and so gives it another number.
LOOK = """
    SELECT EXISTS (
               SELECT FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND objsubid = 1
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND (classid::bigint << 32) + objid::bigint IN (%s, %s)
           ),
           to_regclass('kolibri_azure_state')::oid::bigint
"""


class RestoringError(DatabaseError):
    """A restore keeps this process away from the database, or has replaced its tables."""


class RestoreGate:
    """Admits the new connections of one process to one database."""

    def __init__(self) -> None:
        self._table: int | None = None
        self._start_again: Callable[[], None] | None = None
        self._first = threading.Lock()
        #: True while a restore keeps this process away.
        self.is_closed = False

    def start_again_after_restore(self, start_again: Callable[[], None]) -> None:
        """Call a function once the tables have been replaced.

        :param start_again: ends this process, which its supervisor then starts again.
        """
        self._start_again = start_again

    def admit(self, connection: Any) -> None:
        """Find out whether a new psycopg2 connection may be used.

        :raises RestoringError: when it may not; the caller closes the connection.
        """
        restoring, table = _look(connection)
        if restoring:
            self.is_closed = True
            raise _restoring()
        is_another = self._is_another(table)
        if is_another and self._start_again is not None:
            self.is_closed = True
            # Once: a second signal would disturb a server that ends.
            if self._first.acquire(blocking=False):
                logger.warning("The database has been restored from a backup: this process ends.")
                self._start_again()
            raise _restored()
        self.is_closed = False

    def _is_another(self, table: int | None) -> bool:
        if self._table is None:
            self._table = table
        return table is not None and table != self._table


def _look(connection: Any) -> tuple[bool, int | None]:
    # In a transaction, the query would leave it open.
    autocommit, connection.autocommit = connection.autocommit, True
    with connection.cursor() as cursor:
        cursor.execute(LOOK, (lock_key(RESTORE), lock_key(CHANGES)))
        restoring, table = cursor.fetchone()
    connection.autocommit = autocommit
    return restoring, table


def _restoring() -> RestoringError:
    return RestoringError(
        "A backup of the database is being restored.",
        expected="a database that no restore is changing",
        found="the lock of a restore",
        remedy="Wait until the restore is done. If its process was killed, PostgreSQL undoes the "
        "changes within seconds.",
        code="database-restoring",
        transient=True,
    )


def _restored() -> RestoringError:
    return RestoringError(
        "The database has been restored from a backup.",
        expected="the tables that were there when this process started",
        found="other tables, with the content of the backup",
        remedy="Start this process again. In the image, this happens automatically.",
        code="database-restored",
    )
