"""When the rounds are: from the start of the workers on, at fixed intervals.

A job that repeats is scheduled again when it ends, whether it succeeded or not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kolibri.core.tasks.exceptions import JobNotFound, JobRunning
from kolibri.core.tasks.job import State
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.housekeeping import regular_jobs
from kolibri_azure_plugin.housekeeping.periods import INTERVALS

TASKS = (regular_jobs.remove_often, regular_jobs.clean_up)

#: After the workers have begun; an instance has other things to do just then.
FIRST = timedelta(seconds=60)


def schedule_rounds() -> None:
    """Called by the one process that runs the workers, before it begins.

    What is due stays due, so that workers that begin anew all the time clean up nevertheless.
    """
    for task in TASKS:
        interval = INTERVALS[task.job_id]
        if not _waits(task, interval):
            # One that was interrupted is queued again with everything else.
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
