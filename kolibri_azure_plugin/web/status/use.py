"""How much the deployment is used: learners, requests, errors and the slowest pages."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from kolibri_azure_plugin.instances.activity.minutes import DEPLOYMENT, Minute, Totals

#: How long a sample of the deployment says how it is now.
FRESH = dt.timedelta(minutes=10)

SLOW_PAGES = 3


@dataclasses.dataclass(frozen=True)
class SlowPage:
    """A page and how long Kolibri took for it in the last hour.

    :param name: method and path, without ids.
    """

    name: str
    count: int
    mean_ms: float
    max_ms: float


@dataclasses.dataclass(frozen=True)
class Requests:
    """The requests of the last hour, on all instances.

    :param kept: those that nginx answered itself.
    :param passed: those that it passed on to Kolibri.
    """

    kept: int
    kept_errors: int
    passed: int
    passed_errors: int


@dataclasses.dataclass(frozen=True)
class Use:
    """The use of the deployment. Numbers are None where nothing counts them.

    :param course: the totals of the last day, by minute.
    """

    course: Sequence[Totals] = ()
    requests: Requests | None = None
    slow_pages: Sequence[SlowPage] = ()
    learners_now: int | None = None
    learners_today: int | None = None
    learners_week: int | None = None
    connections: int | None = None
    database_bytes: int | None = None


def merge(course: Sequence[Totals], last_hour: Sequence[Minute], now: dt.datetime) -> Use:
    """The use of all instances together.

    :param last_hour: the minutes of each source, oldest first.
    """
    of_instances = [each for each in last_hour if each.source != DEPLOYMENT]
    samples = (each for each in reversed(last_hour) if each.source == DEPLOYMENT)
    newest = next((each.value for each in samples if each.at >= now - FRESH), {})
    counts_requests = any(each.kept is not None for each in course)
    return Use(
        course=course,
        requests=_sum(of_instances) if counts_requests else None,
        slow_pages=_slowest(of_instances),
        learners_now=newest.get("learners_now"),
        learners_today=newest.get("learners_today"),
        learners_week=newest.get("learners_week"),
        connections=newest.get("connections"),
        database_bytes=newest.get("database_bytes"),
    )


def _sum(minutes: Sequence[Minute]) -> Requests:
    names = (field.name for field in dataclasses.fields(Requests))
    return Requests(**{name: sum(each.value[name] for each in minutes) for name in names})


def _slowest(minutes: Iterable[Minute]) -> list[SlowPage]:
    counts: dict[str, int] = {}
    totals: dict[str, float] = {}
    longest: dict[str, float] = {}
    for each in minutes:
        for name, (count, total, most) in each.value.get("pages", {}).items():
            counts[name] = counts.get(name, 0) + count
            totals[name] = totals.get(name, 0.0) + total
            longest[name] = max(longest.get(name, 0.0), most)
    pages = [
        SlowPage(name, count, totals[name] / count, longest[name])
        for name, count in counts.items()
        if count
    ]
    return sorted(pages, key=lambda page: -page.mean_ms)[:SLOW_PAGES]
