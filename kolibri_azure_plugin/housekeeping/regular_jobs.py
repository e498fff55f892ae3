"""The regular jobs of housekeeping, as Kolibri's workers run them."""

from __future__ import annotations

import functools
from typing import Any

from kolibri.core.tasks.constants import Priority
from kolibri.core.tasks.decorators import register_task
from kolibri.core.tasks.job import JobStatus
from kolibri.core.tasks.permissions import IsSuperAdmin

from kolibri_azure_plugin.housekeeping import nightly_backup, rounds
from kolibri_azure_plugin.housekeeping.periods import BACK_UP, CLEAN_UP, REMOVE_OFTEN
from kolibri_azure_plugin.housekeeping.stopped_jobs import reschedule_stopped_jobs

QUEUE = "azure_housekeeping"


def _status(_job: Any) -> JobStatus:
    """Kolibri calls this for each urgent task. No page of a server shows the title."""
    return JobStatus("Housekeeping", "")


#: Urgent, because long imports may occupy all other workers for hours. Only for superusers, because
#: anyone can start a task without permissions.
_regular_job = functools.partial(
    register_task,
    queue=QUEUE,
    priority=Priority.HIGH,
    permission_classes=[IsSuperAdmin],
    status_fn=_status,
)


@_regular_job(job_id=REMOVE_OFTEN)
def remove_often() -> None:
    """Remove what can't wait: uploaded lists, which contain passwords, and finished jobs."""
    rounds.clean(rounds.OFTEN)


@_regular_job(job_id=CLEAN_UP)
def clean_up() -> None:
    """Remove all data that is finished, abandoned or expired."""
    reschedule_stopped_jobs()
    rounds.clean()


@_regular_job(job_id=BACK_UP)
def back_up() -> None:
    """Make the nightly backup, if it is due."""
    nightly_backup.back_up()
