"""The regular jobs of housekeeping, as Kolibri's workers run them."""

from __future__ import annotations

import functools
from typing import Any

from kolibri.core.tasks.constants import Priority
from kolibri.core.tasks.decorators import register_task
from kolibri.core.tasks.job import JobStatus
from kolibri.core.tasks.permissions import IsSuperAdmin

from kolibri_azure_plugin.housekeeping import rounds
from kolibri_azure_plugin.housekeeping.periods import CLEAN_UP, REMOVE_OFTEN
from kolibri_azure_plugin.housekeeping.stopped_jobs import schedule_what_has_stopped

QUEUE = "azure_housekeeping"


def _status(_job: Any) -> JobStatus:
    """Kolibri asks each urgent task for its title; nothing shows it on a server."""
    return JobStatus("Housekeeping", "")


#: Urgent: long imports may have all other workers for hours. For the superuser alone: a task
#: without permissions can be started by anybody.
_regular_job = functools.partial(
    register_task,
    queue=QUEUE,
    priority=Priority.HIGH,
    permission_classes=[IsSuperAdmin],
    status_fn=_status,
)


@_regular_job(job_id=REMOVE_OFTEN)
def remove_often() -> None:
    """Remove what can't wait: uploaded lists, which hold passwords, and finished jobs."""
    rounds.clean(rounds.OFTEN)


@_regular_job(job_id=CLEAN_UP)
def clean_up() -> None:
    """Remove everything that is finished, abandoned or expired."""
    schedule_what_has_stopped()
    rounds.clean()
