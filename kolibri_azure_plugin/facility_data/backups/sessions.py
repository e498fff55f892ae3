"""Ends the sessions of other processes on Kolibri's database."""

from __future__ import annotations

import time
from typing import Any

from kolibri_azure_plugin.database.config import APPLICATION

#: Those of roles whose rights the user has. An administrator's stay.
END = """
    SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend' AND pg_has_role(usesysid, 'USAGE')
"""

#: Their tables stay locked, for hours if their machine is lost, and an upgrade would wait for them.
END_DUMPS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND starts_with(application_name, %s)
      AND backend_type = 'client backend' AND pg_has_role(usesysid, 'USAGE')
"""

#: The purpose of pg_dump's sessions.
DUMP = "backup dump"

#: Seconds for a session to end. It rolls back what it has begun.
PATIENCE = 30.0

PAUSE = 0.1


def end_other_sessions(session: Any) -> int:
    """End them, and wait until they have ended; returns how many there were.

    New ones may come meanwhile: they look at the lock of the restore, and end by themselves.
    """
    ended: set[int] = set()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with session.cursor() as cursor:
            cursor.execute(END)
            found = {pid for pid, _ in cursor.fetchall()}
        ended |= found
        if not found:
            break
        time.sleep(PAUSE)
    return len(ended)


def end_leftover_dumps(session: Any) -> None:
    """End the sessions of pg_dump whose process is lost. Needs the lock of backups."""
    with session.cursor() as cursor:
        cursor.execute(END_DUMPS, (f"{APPLICATION} {DUMP}, ",))
