"""The row of the state table that names the holder of the workers' lease.

Every write is a compare-and-set: PostgreSQL changes the row only if it still has the expected
content. So the row alone decides between two processes that want the lease at the same time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import kolibri

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances import installed_version

#: The key of the row.
WORKERS = "workers"

#: The key of the version whose workers may run. None may while the database is being prepared.
TARGET_VERSION = "target_version"

#: Follows the version while the database is being prepared for it. No worker has such a version.
BEING_PREPARED = ", being prepared"

#: Stands between the name of the holder's instance and the number of its process.
PROCESS = " process "

#: Returns one row, even if the table is empty.
LOOK = """
    SELECT (workers.value ->> 'generation')::bigint, workers.updated_at,
           coalesce((workers.value ->> 'ended')::boolean, false), workers.value ->> 'holder',
           extract(epoch FROM clock_timestamp() - workers.updated_at)::float8,
           target.value #>> '{}', installed.value #>> '{}'
    FROM (SELECT 1) AS always
    LEFT JOIN kolibri_azure_state AS workers ON workers.key = %(workers)s
    LEFT JOIN kolibri_azure_state AS target ON target.key = %(target_version)s
    LEFT JOIN kolibri_azure_state AS installed ON installed.key = %(installed_version)s
"""

#: A condition of the next three: no upgrade is running, and none was made to another version.
MEANT = """
    NOT EXISTS (SELECT 1 FROM kolibri_azure_state
                WHERE key = %(target_version)s AND value #>> '{}' <> %(version)s)
"""
CREATE = f"""
    INSERT INTO kolibri_azure_state (key, value)
    SELECT %(workers)s,
           jsonb_build_object('generation', 1, 'holder', %(holder)s::text, 'ended', false)
    WHERE {MEANT}
    ON CONFLICT (key) DO NOTHING
    RETURNING (value ->> 'generation')::bigint
"""
TAKE = f"""
    UPDATE kolibri_azure_state SET updated_at = clock_timestamp(), value = jsonb_build_object(
        'generation', %(generation)s + 1, 'holder', %(holder)s::text, 'ended', false)
    WHERE key = %(workers)s AND (value ->> 'generation')::bigint = %(generation)s
      AND updated_at = %(updated_at)s AND {MEANT}
    RETURNING (value ->> 'generation')::bigint
"""  # noqa: S608
RENEW = f"""
    UPDATE kolibri_azure_state SET updated_at = clock_timestamp()
    WHERE key = %(workers)s AND (value ->> 'generation')::bigint = %(generation)s AND {MEANT}
    RETURNING key
"""  # noqa: S608
END = """
    UPDATE kolibri_azure_state
    SET updated_at = clock_timestamp(), value = value || '{"ended": true}'
    WHERE key = %(workers)s AND (value ->> 'generation')::bigint = %(generation)s
    RETURNING key
"""

#: Runs in the transaction that depends on the lease, with `values` as its parameters.
IS_HELD = """
    SELECT 1 FROM kolibri_azure_state
    WHERE key = %(workers)s AND (value ->> 'generation')::bigint = %(generation)s
      AND updated_at > clock_timestamp() - make_interval(secs => %(seconds)s)
"""


class LeaseRow(NamedTuple):
    """The content of the row. Every renewal changes it, which shows that the holder is alive."""

    generation: int
    updated_at: datetime
    ended: bool
    holder: str

    @property
    def instance(self) -> str:
        """The name of the instance on which the holder runs, as in the logs."""
        return self.holder.partition(PROCESS)[0]


class Look(NamedTuple):
    """The result of one look at the table.

    :param row: None before the first holder.
    :param age: seconds since the last renewal, by the server's clock.
    """

    row: LeaseRow | None
    age: float
    target_version: str | None
    installed_version: str | None

    @property
    def means_this_version(self) -> bool:
        """False while the database is being prepared, or if it belongs to another version."""
        return (self.target_version or self.installed_version) == kolibri.__version__

    @property
    def upgrading_to(self) -> str:
        """The version for which the database is being prepared; empty if that is not so."""
        target = self.target_version or ""
        return target.removesuffix(BEING_PREPARED) if target.endswith(BEING_PREPARED) else ""


def holder_of(instance: str, process: int) -> str:
    """The holder's name.

    :param instance: the name of its instance, as in the logs.
    """
    return f"{instance}{PROCESS}{process}"


def look(state: State) -> Look:
    """Read the current state of the table."""
    found = state.rows(LOOK, **values(installed_version=installed_version.VERSION))[0]
    generation, updated_at, ended, holder, age, target, installed = found
    if generation is None:
        return Look(None, 0.0, target, installed)
    row = LeaseRow(generation, updated_at, ended, holder or "another instance")
    return Look(row, age, target, installed)


def take(state: State, seen: LeaseRow | None, holder: str) -> int:
    """Become the holder if the row is unchanged.

    :returns: the generation of this holder; 0 if another process was faster, or is still alive.
    """
    if seen is None:
        rows = state.rows(CREATE, **values(holder=holder))
    else:
        rows = state.rows(
            TAKE,
            **values(holder=holder, generation=seen.generation, updated_at=seen.updated_at),
        )
    return int(rows[0][0]) if rows else 0


def renew(state: State, generation: int) -> bool:
    """Renew the lease; False if this process is no longer the holder."""
    return bool(state.rows(RENEW, **values(generation=generation)))


def end(state: State, generation: int) -> None:
    """Announce the holder's end."""
    state.rows(END, **values(generation=generation))


def values(**more: object) -> dict[str, Any]:
    """The parameters of a statement."""
    return {
        "workers": WORKERS,
        "target_version": TARGET_VERSION,
        "version": kolibri.__version__,
        **more,
    }
