"""The tables of a database: their names, and their numbers of rows."""

from __future__ import annotations

from typing import Any

from psycopg2 import sql

from kolibri_azure_plugin.speed.postgresql import TABLE as CACHE

#: Tables whose rows are not backed up, because everything in them can be computed again.
WITHOUT_ROWS = (CACHE,)

#: The tables of a schema, without those that belong to an extension.
TABLES = """
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = %s AND relkind = 'r' AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
    ORDER BY relname
"""

#: How many tables a message names.
SHOWN = 5

COUNT = sql.SQL("SELECT {name}, count(*) FROM {table}")
UNION = sql.SQL(" UNION ALL ")


def count_rows(session: Any, schema: str) -> dict[str, int]:
    """The number of rows of each table, in the session's snapshot."""
    with session.cursor() as cursor:
        cursor.execute(TABLES, (schema,))
        names = [name for (name,) in cursor.fetchall() if name not in WITHOUT_ROWS]
        if not names:
            return {}
        counts = (
            COUNT.format(name=sql.Literal(name), table=sql.Identifier(schema, name))
            for name in names
        )
        cursor.execute(UNION.join(counts))
        return {name: int(count) for name, count in cursor.fetchall()}


def difference(expected: dict[str, int], found: dict[str, int]) -> str:
    """The first tables whose numbers of rows differ; empty if none does."""
    differing = [
        f"{name}: {found.get(name, 'missing')} instead of {expected.get(name, 'none')}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]
    more = f", and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
    return ", ".join(differing[:SHOWN]) + more
