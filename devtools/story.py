"""What a deployment has stored about itself, written as if it had happened.

The administrator's page shows this; tests and pictures of the page need some of each.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg2

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.doctor.registry import Scope
from kolibri_azure_plugin.instances.activity import minutes, presence

#: The hours of a school day, and the present one: charts look the same at any time of the day.
OPENS, CLOSES, PRESENT = 7, 17, 11

#: The most requests of a minute that nginx answers itself, those that it passes on, and learners.
BUSIEST = {"kept": 380, "passed": 140, "learners": 58}

SLOW_PAGES = ("GET /api/auth/classsummary/:id/", "GET /api/content/contentnode/", "GET /coach/api/")

FAIL_JOB = """
    INSERT INTO jobs (id, state, func, priority, queue, saved_job, "interval", repeat,
                      time_created, time_updated, scheduled_time)
    VALUES (%s, 'FAILED', %s, 5, 'kolibri', %s, 0, 0, now(), now(), now())
"""


class Story:
    """The stored state of one deployment; close it after use."""

    def __init__(self, database_url: str) -> None:
        self._session = psycopg2.connect(database_url)
        self._session.autocommit = True
        self.state = State(self._session)

    def close(self) -> None:
        self._session.close()

    def report(
        self, checks: Iterable[Mapping[str, Any]], instances: Sequence[str], *, hours_ago: float = 0
    ) -> None:
        """Store the reports of all instances, and the one on the deployment.

        :param checks: the outcome of each check, as in the report's schema.
        """
        self._execute("DELETE FROM kolibri_azure_state WHERE key LIKE 'doctor_report%%'")
        found = list(checks)
        time = datetime.now(timezone.utc) - timedelta(hours=hours_ago)
        for scope, names in ((Scope.INSTANCE, instances), (Scope.DEPLOYMENT, instances[:1])):
            for name in names:
                document = {
                    "schema_version": 1,
                    "scope": scope.value,
                    "instance": name,
                    "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
                    "checks": [each for each in found if each["scope"] == scope.value],
                }
                stored_reports.keep(self.state, document)

    def outcomes(self, check: str) -> list[str]:
        """The status of a check in each stored report that contains it."""
        return [
            each["status"]
            for report in stored_reports.read(self.state)
            for each in report.document["checks"]
            if each["id"] == check
        ]

    def announce(self, instances: Sequence[str]) -> None:
        """Let only these instances be there, since yesterday; the first one runs the workers."""
        self._execute("DELETE FROM kolibri_azure_state WHERE key LIKE 'instance:%%'")
        began = datetime.now(timezone.utc) - timedelta(hours=30)
        for name in instances:
            presence.announce(self.state, presence.of_this_process(name, "web", began))
        holder = {"generation": 1, "holder": f"{instances[0]} process 1", "ended": False}
        self.state.set("workers", holder)

    def use(self, instances: Sequence[str], *, hours: float = 24) -> None:
        """Let a school have been there, minute by minute, until now."""
        minutes.create(self.state)
        now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
        for number in range(int(hours * 60)):
            at = now - timedelta(minutes=number)
            busy = _busyness(number)
            for name in instances:
                self._keep(at, name, _counts(busy, number))
            learners = round(BUSIEST["learners"] * busy)
            sample = {"learners_now": learners, "learners_today": 61, "learners_week": 187}
            self._keep(at, "", {**sample, "connections": 23, "database_bytes": 734_003_200})

    def fail_job(self, name: str, function: str, message: str, **metadata: str) -> None:
        """Let a background job of Kolibri have failed."""
        job = {"func": function, "job_id": name, "state": "FAILED", "extra_metadata": metadata}
        job["traceback"] = f"Traceback (most recent call last):\n{message}"
        self._execute(FAIL_JOB, name, function, json.dumps(job))

    def forget_jobs(self) -> None:
        """Remove all failed jobs."""
        self._execute("DELETE FROM jobs WHERE state = 'FAILED'")

    def _keep(self, at: datetime, source: str, value: Mapping[str, Any]) -> None:
        minutes.keep(self.state, at, source, value)

    def _execute(self, statement: str, *values: object) -> None:
        with self._session.cursor() as cursor:
            cursor.execute(statement, values)


@contextlib.contextmanager
def story_of(database_url: str) -> Iterator[Story]:
    """The story of the deployment on this database."""
    with contextlib.closing(Story(database_url)) as story:
        yield story


def _busyness(minutes_ago: int) -> float:
    """From 0 at night to 1 at noon."""
    hour = (PRESENT - minutes_ago / 60) % 24
    if not OPENS <= hour < CLOSES:
        return 0.0
    wave = 0.9 + 0.1 * math.sin(minutes_ago / 20)
    return wave * math.sin((hour - OPENS) / (CLOSES - OPENS) * math.pi)


def _counts(busy: float, number: int) -> dict[str, Any]:
    passed = round(BUSIEST["passed"] * busy) + 2
    pages = {
        page: [1 + passed // 20, (1 + passed // 20) * 90.0 / (1 + place), 400.0 / (1 + place)]
        for place, page in enumerate(SLOW_PAGES)
    }
    return {
        "kept": round(BUSIEST["kept"] * busy),
        "kept_errors": 0,
        "passed": passed,
        "passed_errors": 2 if number % 401 == 90 else 0,
        "pages": pages,
    }
