"""The shared cache for what one process works out and another asks for, such as channel statistics.

It is asked when somebody manages channels, so a table is fast enough. The table is unlogged, as
a cache may be: writing it costs no disk, and a crash of the server empties it.
"""

from __future__ import annotations

import threading
from typing import Any

from django.core.cache.backends.db import DatabaseCache

from kolibri_azure_plugin.caching.freshness import FreshKeys
from kolibri_azure_plugin.instances.sessions import open_session

TABLE = "kolibri_azure_cache"

#: The columns are those of Django 3.2, core/management/commands/createcachetable.py. The lock is
#: because two sessions that create one table at once fail, IF NOT EXISTS or not.
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
    """Django's database cache, which makes its table when it is first used.

    The table is no part of the schema: a migration would be missing wherever Kolibri skips them.
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
    """The process cache of Kolibri in PostgreSQL.

    Kolibri looks for "DatabaseCache" in the name (0.19.5, utils/main.py) and spares it what it
    does to files.
    """


def _make_table() -> None:
    """In a connection of its own: the caller's may be in a transaction that is rolled back."""
    global _made
    with _lock:
        if not _made:
            session = open_session("cache table")
            try:
                # psycopg2 sends the statements at once, which makes them one transaction.
                with session.cursor() as cursor:
                    cursor.execute(CREATE_TABLE)
            finally:
                session.close()
            _made = True
