"""The names of the backups from which a database has been restored.

Each restore carries them over, because a backup knows nothing of what came after it.
"""

from __future__ import annotations

import json
from typing import Any

from psycopg2 import sql

from kolibri_azure_plugin.database.state import TABLE, State
from kolibri_azure_plugin.facility_data.backups import manifest

#: The key of the state table with the last of them, its time, and all of them.
RESTORED = "restored"

NOTE = sql.SQL(
    "INSERT INTO {table} (key, value) VALUES ({key}, {value})"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp();"
)


def names(session: Any) -> list[str]:
    """The names of all of them, oldest first."""
    state = State(session)
    found = state.get(RESTORED) if state.exists(TABLE) else None
    if not found:
        return []
    return [str(name) for name in found.get("names", [found["name"]])]


def note(session: Any, schema: str, name: str) -> sql.Composed:
    """The statement that adds a name to those of the session's database, in the restored table."""
    earlier = [each for each in names(session) if each != name]
    value = {
        "name": name,
        "names": [*earlier, name],
        "at": manifest.format_time(manifest.now()),
    }
    return NOTE.format(
        table=sql.Identifier(schema, TABLE),
        key=sql.Literal(RESTORED),
        value=sql.Literal(json.dumps(value)),
    )
