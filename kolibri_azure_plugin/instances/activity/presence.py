"""The instances that are there: each one announces itself once a minute."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime

import kolibri

import kolibri_azure_plugin
from kolibri_azure_plugin.database.state import TABLE, State

#: The beginning of an instance's key in the state table. Its name follows.
INSTANCE = "instance:"

#: Seconds between two announcements.
INTERVAL = 60

#: Seconds of silence after which an instance is forgotten.
GONE_SECONDS = 24 * 3600

#: As text, because Django 3.2 makes psycopg2 return jsonb as text, and psycopg2 alone does not.
READ = """
    SELECT value::text, extract(epoch FROM clock_timestamp() - updated_at)::float8
    FROM kolibri_azure_state WHERE starts_with(key, %s) ORDER BY key
"""


@dataclasses.dataclass(frozen=True)
class Presence:
    """An instance, as it last announced itself.

    :param instance: its name, as in the logs.
    :param role: what it runs: `web` or `worker` as in docs/container.md, or `kolibri` without the
        container.
    :param kolibri: its version of Kolibri.
    :param plugin: its version of the plugin.
    :param since: when it started, in UTC.
    :param silent_for: seconds since its last announcement, by the database server's clock.
    """

    instance: str
    role: str
    kolibri: str
    plugin: str
    since: datetime
    silent_for: float = 0.0


def of_this_process(instance: str, role: str, since: datetime) -> Presence:
    """An instance with the versions that this process runs."""
    return Presence(instance, role, kolibri.__version__, kolibri_azure_plugin.__version__, since)


def announce(state: State, presence: Presence) -> None:
    """Note that the instance is there now."""
    value = dataclasses.asdict(presence)
    del value["silent_for"]
    state.set(INSTANCE + presence.instance, {**value, "since": presence.since.isoformat()})


def read(state: State) -> list[Presence]:
    """The instances, by name; none while the state table does not exist.

    :param state: on any connection to PostgreSQL, also Django's.
    """
    if not state.exists(TABLE):
        return []
    return [
        _presence(json.loads(value), silent_for) for value, silent_for in state.rows(READ, INSTANCE)
    ]


def forget(state: State) -> None:
    """Remove the instances that have been silent for a day."""
    state.forget(INSTANCE, GONE_SECONDS)


def _presence(value: dict[str, str], silent_for: float) -> Presence:
    since = datetime.fromisoformat(value.pop("since"))
    return Presence(since=since, silent_for=silent_for, **value)
