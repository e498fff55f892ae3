"""The newest reports, in the table that all instances share, and whose turn the next one is.

One row holds the report on the deployment, and one each that on an instance.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from kolibri_azure_plugin.checks.model import Scope
from kolibri_azure_plugin.instances.state import State

ON_DEPLOYMENT = "doctor_report:deployment"

#: Followed by the instance's name, as the logs have it.
ON_INSTANCE = "doctor_report:instance:"

#: Seconds after its last report at which an instance is gone for good.
GONE_SECONDS = 24 * 3600

#: Seconds between two reports that somebody asks for, at the least.
ASK_SECONDS = 30

#: One statement, so that one of all instances takes the turn, by the server's clock. The first
#: condition keeps an instance whose turn it is not from locking the row each time that it looks.
TAKE_TURN = """
    WITH asked AS (
        SELECT coalesce(max(updated_at), '-infinity') AS at FROM kolibri_azure_state
        WHERE key = 'doctor_asked')
    INSERT INTO kolibri_azure_state (key, value)
    SELECT 'doctor_turn', to_jsonb(%s::text)
    WHERE NOT EXISTS (
        SELECT 1 FROM kolibri_azure_state, asked WHERE key = 'doctor_turn' AND updated_at > asked.at
        AND updated_at > clock_timestamp() - make_interval(secs => %s))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
    WHERE kolibri_azure_state.updated_at <= (SELECT at FROM asked)
       OR kolibri_azure_state.updated_at <= clock_timestamp() - make_interval(secs => %s)
    RETURNING key
"""

ASK = """
    INSERT INTO kolibri_azure_state (key, value) VALUES ('doctor_asked', 'true')
    ON CONFLICT (key) DO UPDATE SET updated_at = clock_timestamp()
    WHERE kolibri_azure_state.updated_at <= clock_timestamp() - make_interval(secs => %s)
    RETURNING key
"""

LAST_ASKED = """
    SELECT extract(epoch FROM updated_at)::float8 FROM kolibri_azure_state
    WHERE key = 'doctor_asked'
"""

FORGET = """
    DELETE FROM kolibri_azure_state WHERE starts_with(key, %s)
    AND updated_at < clock_timestamp() - make_interval(secs => %s) RETURNING key
"""

READ = """
    SELECT value, extract(epoch FROM clock_timestamp() - updated_at)::float8
    FROM kolibri_azure_state WHERE key = %s OR starts_with(key, %s) ORDER BY key
"""


@dataclasses.dataclass(frozen=True)
class KeptReport:
    """A report that an instance has kept.

    :param document: the report as docs/azure_check.schema.json describes it, with its `scope`, the
        `instance` that made it, and the `time`, as ISO 8601 in UTC.
    :param age: seconds since then, by the database server's clock.
    """

    document: dict[str, Any]
    age: float


def take_turn(state: State, instance: str, interval: float) -> bool:
    """True for one of all instances: when the deployment is due, or somebody has asked since.

    :param interval: seconds after which it is due again.
    """
    return bool(state.rows(TAKE_TURN, instance, interval, interval))


def keep(state: State, document: dict[str, Any]) -> None:
    """Keep a report in the place of the last of its kind."""
    on_deployment = document["scope"] == Scope.DEPLOYMENT.value
    state.set(ON_DEPLOYMENT if on_deployment else ON_INSTANCE + document["instance"], document)


def forget_instances(state: State, interval: float) -> None:
    """Remove the reports of instances that are gone."""
    state.rows(FORGET, ON_INSTANCE, max(GONE_SECONDS, 2 * interval))


def read(state: State) -> list[KeptReport]:
    """All reports: the one on the deployment first, if there is one."""
    return [KeptReport(*row) for row in state.rows(READ, ON_DEPLOYMENT, ON_INSTANCE)]


def ask(state: State) -> bool:
    """Ask for new reports on all; False when somebody has done so a moment ago."""
    return bool(state.rows(ASK, ASK_SECONDS))


def last_asked(state: State) -> float:
    """When somebody did, in seconds by the server's clock; 0 when nobody has."""
    rows = state.rows(LAST_ASKED)
    return float(rows[0][0]) if rows else 0.0
