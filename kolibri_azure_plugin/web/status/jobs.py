"""Kolibri's background jobs: how many run, wait, and have failed in the last day.

Only failures of jobs that users start count: users can't start any other job again. Where one of
those matters, the doctor's checks or the syncs on the page say so.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from kolibri.core.tasks.job import State
from kolibri.core.tasks.models import Job

from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.housekeeping.jobs import user_facing_tasks

#: How long ago a failure may be.
RECENT = dt.timedelta(days=1)

#: How many failed jobs the page lists.
LISTED = 20

#: The newest characters of a job's message.
LONGEST_MESSAGE = 500


@dataclasses.dataclass(frozen=True)
class FailedJob:
    """A job of a user that has failed.

    :param task: the name of its function.
    :param subject: the channel, facility or user that it was about, if Kolibri knows.
    :param message: the last line of its traceback.
    """

    task: str
    subject: str
    message: str
    when: dt.datetime


@dataclasses.dataclass(frozen=True)
class Jobs:
    """All jobs.

    :param failed: how many jobs of users failed in the last day.
    :param failures: the newest of them.
    """

    running: int
    waiting: int
    failed: int
    failures: tuple[FailedJob, ...]


def read() -> Jobs:
    """What Kolibri's table of jobs contains."""
    now = timezone.now()
    failed = _failed_since(now - RECENT)
    numbers = Job.objects.aggregate(
        running=Count("id", filter=Q(state__in=(State.RUNNING, State.SELECTED))),
        # The others that are queued have their time still to come.
        waiting=Count("id", filter=Q(state=State.QUEUED, scheduled_time__lte=now)),
        failed=Count("id", filter=failed),
    )
    rows = Job.objects.filter(failed).order_by("-scheduled_time") if numbers["failed"] else ()
    return Jobs(failures=tuple(map(_failure, rows[:LISTED])), **numbers)


def _failed_since(when: dt.datetime) -> Q:
    # Kolibri leaves `time_updated` empty; housekeeping fills it in (housekeeping/jobs.py).
    is_recent = Q(scheduled_time__gte=when) | Q(time_updated__gte=when)
    return Q(state=State.FAILED, func__in=user_facing_tasks()) & is_recent


def _failure(row: Any) -> FailedJob:
    saved = json.loads(row.saved_job)
    known = saved.get("extra_metadata") or {}
    names = (known.get(key) for key in ("channel_name", "facility_name", "username"))
    lines = (saved.get("traceback") or saved.get("exception") or "").strip().splitlines()
    times = [each for each in (row.scheduled_time, row.time_updated) if each is not None]
    return FailedJob(
        task=row.func.rpartition(".")[2],
        subject=redact(str(next(filter(None, names), ""))),
        message=redact(lines[-1])[-LONGEST_MESSAGE:] if lines else "",
        when=max(times),
    )
