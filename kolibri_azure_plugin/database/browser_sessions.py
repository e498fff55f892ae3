"""Browsers' sessions in Kolibri's own table, read and updated with one plain SQL statement each.

Each request of a signed-in user begins by reading one. It reads two columns by primary key, and
Django's ORM takes three times as long to build the statement as PostgreSQL takes to answer it.

Browsers keep their sessions alive, so three requests of a lesson save one. Django does so in a
transaction, which takes three round trips to the database instead of one.

Both save 10 % of the time of a round of a lesson; of the request that keeps a learner's session,
25 % (``python -m bench.patch_cost 80 SESSION_ENGINE``).
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, connections, router
from django.utils import timezone
from kolibri.core.auth import backends

READ = "SELECT session_data FROM {table} WHERE session_key = %s AND expire_date > %s"
UPDATE = """
UPDATE {table} SET session_data = %s, expire_date = %s, user_id = %s WHERE session_key = %s
"""


class SessionStore(backends.SessionStore):
    """A session as Kolibri stores it. Django requires the class name in a SESSION_ENGINE."""

    def load(self) -> dict[str, Any]:
        connection = connections[router.db_for_read(self.model)]
        with connection.cursor() as cursor:
            cursor.execute(self._for_table(READ, connection), [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row[0])
        return found

    def save(self, must_create: bool = False) -> None:
        if must_create or self.session_key is None:
            super().save(must_create)
            return
        row = self.create_model_instance(self._get_session())
        values = [row.session_data, row.expire_date, row.user_id, row.session_key]
        connection = connections[router.db_for_write(self.model, instance=row)]
        try:
            with connection.cursor() as cursor:
                cursor.execute(self._for_table(UPDATE, connection), values)
                updated = cursor.rowcount
        except DatabaseError as error:
            raise UpdateError from error
        if not updated:
            raise UpdateError

    def _for_table(self, statement: str, connection: Any) -> str:
        table = self.model._meta.db_table  # noqa: SLF001 - Django documents it as public
        return statement.format(table=connection.ops.quote_name(table))
