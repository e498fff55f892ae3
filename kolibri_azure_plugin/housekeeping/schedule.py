"""Schedules the rounds: at fixed intervals, from the start of the workers.

Kolibri schedules a repeating job again when it ends, whether or not it succeeded.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kolibri.core.tasks.exceptions import JobNotFound, JobRunning
from kolibri.core.tasks.job import State
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.housekeeping import regular_jobs
from kolibri_azure_plugin.housekeeping.periods import INTERVALS

TASKS = (regular_jobs.remove_often, regular_jobs.clean_up, regular_jobs.back_up)

#: Delay of the first round, because an instance is busy when its workers start.
FIRST = timedelta(seconds=60)


def schedule_rounds() -> None:
    """Schedule all rounds; the one process that runs the workers calls this at its start.

    A job that is due stays due. Otherwise workers that restart often would never clean up.
    """
    for task in TASKS:
        interval = INTERVALS[task.job_id]
        if not _waits(task, interval):
            # An interrupted job still counts as running. The workers requeue it with all others.
            try:
                task.enqueue_in(FIRST, interval=interval, repeat=None)
            except JobRunning:
                continue


def _waits(task: Any, interval: int) -> bool:
    try:
        row = job_storage.get_orm_job(task.job_id)
    except JobNotFound:
        return False
    return row.state == State.QUEUED and row.interval == interval and row.repeat is None
