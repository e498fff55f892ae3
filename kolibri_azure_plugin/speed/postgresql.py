"""The shared cache for results that one process computes for another, such as channel statistics.

Few requests use it: those that manage channels, assign or search content, and the first sign-in of
a user with a password in each process (passwords.py). So a table is fast enough. It is unlogged:
writes skip the write-ahead log, and a crash of the server empties it.
"""

from __future__ import annotations

import threading
from typing import Any

from django.core.cache.backends.db import DatabaseCache

from kolibri_azure_plugin.database.sessions import open_session
from kolibri_azure_plugin.speed.freshness import FreshKeys

TABLE = "kolibri_azure_cache"

#: The columns of Django 3.2, core/management/commands/createcachetable.py. The lock is needed:
#: despite IF NOT EXISTS, one of two sessions that create the table at once fails.
CREATE_TABLE = f"""
SELECT pg_advisory_xact_lock(hashtext('{TABLE}'));
CREATE UNLOGGED TABLE IF NOT EXISTS {TABLE} (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX IF NOT EXISTS {TABLE}_expires ON {TABLE} (expires);
"""

_made = False
_lock = threading.Lock()


class _TableCache(DatabaseCache):
    """Django's database cache, which creates its table on first use.

    The table has no migration, because Kolibri skips migrations in some starts.
    """

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        _make_table()
        return dict(super().get_many(keys, version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _TableCache.get_many(self, [key], version).get(key, default)

    def has_key(self, key: str, version: int | None = None) -> bool:
        _make_table()
        return bool(super().has_key(key, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        _make_table()
        return bool(super().delete(key, version))

    def clear(self) -> None:
        _make_table()
        super().clear()

    def _base_set(self, *arguments: Any, **keywords: Any) -> bool:
        _make_table()
        return bool(super()._base_set(*arguments, **keywords))


class PostgresqlDatabaseCache(FreshKeys, _TableCache):
    """Kolibri's process cache in PostgreSQL.

    Kolibri looks for "DatabaseCache" in the class name (0.19.5, utils/main.py), and then skips the
    maintenance of cache files.
    """


def _make_table() -> None:
    """Create the table in a separate connection: the caller's transaction may be rolled back."""
    global _made
    with _lock:
        if not _made:
            session = open_session("cache table")
            try:
                # psycopg2 sends these statements together, which makes them one transaction.
                with session.cursor() as cursor:
                    cursor.execute(CREATE_TABLE)
            finally:
                session.close()
            _made = True
