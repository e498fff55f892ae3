"""The newest reports in the table that all instances share, and whose turn is next.

One row contains the report on the deployment. Each instance has a row for its own report.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.registry import Scope

ON_DEPLOYMENT = "doctor_report:deployment"

#: Followed by the instance's name, as in the logs.
ON_INSTANCE = "doctor_report:instance:"

#: The key of a stored report under which each check's id has the time since when its status is what
#: it is now.
SINCE = "since"

#: Seconds after its last report when an instance counts as gone.
GONE_SECONDS = 24 * 3600

#: The minimum of seconds between two requests for reports.
ASK_SECONDS = 30

#: One statement, by the server's clock, so only one instance takes the turn. The first condition
#: keeps the other instances from locking the row at each query.
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

GIVE_TURN_BACK = """
    UPDATE kolibri_azure_state SET updated_at = '-infinity'
    WHERE key = 'doctor_turn' AND value = to_jsonb(%s::text)
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

#: As text, because Django 3.2 makes psycopg2 return jsonb as text, and psycopg2 alone does not.
READ = """
    SELECT value::text, extract(epoch FROM clock_timestamp() - updated_at)::float8
    FROM kolibri_azure_state WHERE key = %s OR starts_with(key, %s) ORDER BY key
"""


@dataclasses.dataclass(frozen=True)
class StoredReport:
    """A report that an instance has stored.

    :param document: the report as docs/azure_check.schema.json describes it, with its `scope`, the
        `instance` that made it, the `time`, as ISO 8601 in UTC, and :data:`SINCE`.
    :param age: seconds since then, by the database server's clock.
    """

    document: dict[str, Any]
    age: float


def take_turn(state: State, instance: str, interval: float) -> bool:
    """True for one instance, if the deployment is due or a report was requested since.

    :param interval: seconds after which the deployment is due again.
    """
    return bool(state.rows(TAKE_TURN, instance, interval, interval))


def give_turn_back(state: State, instance: str) -> None:
    """Make the deployment due at once, unless another instance has taken its turn since."""
    state.rows(GIVE_TURN_BACK, instance)


def keep(state: State, document: dict[str, Any]) -> None:
    """Store a report and replace the previous one of its kind."""
    on_deployment = document["scope"] == Scope.DEPLOYMENT.value
    key = ON_DEPLOYMENT if on_deployment else ON_INSTANCE + document["instance"]
    state.set(key, {**document, SINCE: since_when(document, state.get(key) or {})})


def since_when(document: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, str]:
    """The time since when each check has its present status, by the check's id.

    :param previous: the stored report that `document` replaces; empty if there is none.
    """
    earlier = {entry["id"]: entry["status"] for entry in previous.get("checks", ())}
    known = previous.get(SINCE, {})
    now = document["time"]
    return {
        entry["id"]: known.get(entry["id"], now)
        if earlier.get(entry["id"]) == entry["status"]
        else now
        for entry in document["checks"]
    }


def warned_since(state: State, check: str) -> str:
    """Since when the rounds have warned of the deployment; empty if they don't.

    :param check: the whole id of a check of the deployment.
    """
    report = state.get(ON_DEPLOYMENT) or {}
    statuses = {entry["id"]: entry["status"] for entry in report.get("checks", ())}
    if statuses.get(check) != Status.WARN.value:
        return ""
    return str(report.get(SINCE, {}).get(check, ""))


def forget_instances(state: State, interval: float) -> None:
    """Remove the reports of instances that are gone."""
    state.forget(ON_INSTANCE, max(GONE_SECONDS, 2 * interval))


def read(state: State) -> list[StoredReport]:
    """All reports. The one on the deployment, if it exists, comes first."""
    rows = state.rows(READ, ON_DEPLOYMENT, ON_INSTANCE)
    return [StoredReport(json.loads(document), age) for document, age in rows]


def ask(state: State) -> bool:
    """Request new reports of everything; False if they were requested a moment ago."""
    return bool(state.rows(ASK, ASK_SECONDS))


def last_asked(state: State) -> float:
    """When reports were last requested, in seconds by the server's clock; 0 for never."""
    rows = state.rows(LAST_ASKED)
    return float(rows[0][0]) if rows else 0.0
