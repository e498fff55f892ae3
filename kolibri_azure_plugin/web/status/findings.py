"""What the stored reports say: the outcome of each check, where, and since when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.registry import Scope
from kolibri_azure_plugin.doctor.stored_reports import SINCE, StoredReport
from kolibri_azure_plugin.errors.redaction import redact_all

#: The place of a finding that is about the deployment.
DEPLOYMENT = ""

#: The worst first.
SEVERITY = (Status.FAIL.value, Status.WARN.value, Status.PASS.value, Status.SKIP.value)

#: The severity of those that somebody has to look at.
PROBLEMS = SEVERITY[:2]


@dataclasses.dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    :param instances: the names of the instances with this outcome; empty for the deployment.
    :param since: when the check got its present status; None if unknown.
    :param age: seconds since the newest report that contains it.
    """

    id: str
    category: str
    description: str
    status: str
    message: str
    cause: str
    remedy: str
    docs: str
    measurements: Mapping[str, Any]
    instances: tuple[str, ...] = ()
    since: dt.datetime | None = None
    age: float = 0.0

    @property
    def is_problem(self) -> bool:
        return self.status in PROBLEMS

    @property
    def alike(self) -> tuple[object, ...]:
        """What two instances with the same finding have in common."""
        return (self.id, self.status, self.message, self.cause, self.remedy)


@dataclasses.dataclass(frozen=True)
class Findings:
    """All findings, category by category, those that instances share as one.

    :param age: seconds since the oldest report, so that none counts as newer than it is; None if
        there is none.
    :param examined: the names of the instances with a report.
    """

    all: tuple[Finding, ...]
    age: float | None
    examined: frozenset[str] = frozenset()

    @property
    def problems(self) -> list[Finding]:
        """Failures first, then warnings."""
        found = (finding for finding in self.all if finding.is_problem)
        return sorted(found, key=lambda finding: SEVERITY.index(finding.status))

    def number(self, status: Status) -> int:
        """How many have this status."""
        return sum(finding.status == status.value for finding in self.all)

    def by_category(self) -> dict[str, list[Finding]]:
        """The findings of each category."""
        found: dict[str, list[Finding]] = {}
        for finding in self.all:
            found.setdefault(finding.category, []).append(finding)
        return found

    def of(self, check: str) -> list[Finding]:
        """The findings of a check, by its id without ``azure.``."""
        return [finding for finding in self.all if finding.id == f"azure.{check}"]

    def measured(self, check: str, name: str) -> Any:
        """A measurement of a check; None if no report contains it."""
        values = (finding.measurements.get(name) for finding in self.of(check))
        return next((value for value in values if value is not None), None)


def find(reports: Sequence[StoredReport], running: Iterable[str] = ()) -> Findings:
    """The findings of these reports.

    :param running: the instances whose reports count, in addition to that on the deployment: those
        of others say nothing about now. If none is known to run, nothing announces them, and all
        count.
    """
    places = {DEPLOYMENT, *running}
    all_count = places == {DEPLOYMENT}
    counted = [each for each in reports if all_count or _place(each.document) in places]
    merged: dict[tuple[object, ...], Finding] = {}
    # Those of an instance contain every category, in the doctor's order.
    for each in sorted(counted, key=lambda report: _place(report.document) == DEPLOYMENT):
        for finding in _findings(redact_all(each.document), each.age):
            alike = finding.alike
            merged[alike] = _together(merged[alike], finding) if alike in merged else finding
    age = max((each.age for each in counted), default=None)
    examined = frozenset(_place(each.document) for each in counted) - {DEPLOYMENT}
    return Findings(tuple(merged.values()), age, examined)


def _place(document: Mapping[str, Any]) -> str:
    on_deployment = document["scope"] == Scope.DEPLOYMENT.value
    return DEPLOYMENT if on_deployment else str(document["instance"])


def _findings(document: Mapping[str, Any], age: float) -> Iterable[Finding]:
    place = _place(document)
    since = document.get(SINCE, {})
    for entry in document["checks"]:
        yield Finding(
            id=entry["id"],
            category=entry["category"],
            description=entry["description"],
            status=entry["status"],
            message=entry["message"],
            cause=entry["cause"],
            remedy=entry["remedy"],
            docs=entry["docs"],
            measurements=entry["measurements"],
            instances=(place,) if place else (),
            since=moment(since.get(entry["id"], "")),
            age=age,
        )


def _together(one: Finding, other: Finding) -> Finding:
    """The finding of several instances. The one that was first to have it says since when."""
    times = [each.since for each in (one, other) if each.since is not None]
    return dataclasses.replace(
        one,
        instances=(*one.instances, *other.instances),
        since=min(times, default=None),
        age=min(one.age, other.age),
    )


def moment(text: str) -> dt.datetime | None:
    """A time of a report, which is in UTC; None for another text."""
    try:
        return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.timezone.utc)
    except ValueError:
        return None
