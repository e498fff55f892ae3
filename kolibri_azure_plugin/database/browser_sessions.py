"""Where browsers' sessions are: Kolibri's own table, read with one plain statement.

Each request of somebody who is signed in begins with it. Django's ORM takes three times as long
to write the statement as PostgreSQL to answer it, for two columns by a primary key.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, router
from django.utils import timezone
from kolibri.core.auth import backends

READ = "SELECT session_data FROM {table} WHERE session_key = %s AND expire_date > %s"


class SessionStore(backends.SessionStore):
    """A session as Kolibri keeps it. The name is Django's: SESSION_ENGINE names a module."""

    def load(self) -> dict[str, Any]:
        connection = connections[router.db_for_read(self.model)]
        statement = READ.format(table=connection.ops.quote_name(self.model._meta.db_table))  # noqa: SLF001
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row[0])
        return found
