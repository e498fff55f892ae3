"""The regular job that begins and follows the imports of a new deployment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kolibri.core.tasks.constants import Priority
from kolibri.core.tasks.decorators import register_task
from kolibri.core.tasks.exceptions import JobRunning
from kolibri.core.tasks.job import JobStatus
from kolibri.core.tasks.permissions import IsSuperAdmin

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.content.first_content import rounds
from kolibri_azure_plugin.content.first_content.records import INTERVAL, JOB_ID


def _status(_job: Any) -> JobStatus:
    """Kolibri calls this for each urgent task. No page of a server shows the title."""
    return JobStatus("First channels", "")


#: Urgent, because long imports may occupy all other workers for hours.
@register_task(
    job_id=JOB_ID,
    queue=JOB_ID,
    priority=Priority.HIGH,
    permission_classes=[IsSuperAdmin],
    status_fn=_status,
)
def begin_first_imports() -> None:
    """Make one round."""
    rounds.go_on()


def schedule_first_imports() -> None:
    """Schedule rounds from now on; the one process that runs the workers calls this at its start.

    Without the setting, a single round looks for content on the share; it is repeated if it fails.
    """
    repeated = bool(context.current().settings.channels)
    try:
        begin_first_imports.enqueue_in(
            timedelta(0),
            interval=INTERVAL if repeated else 0,
            repeat=None if repeated else 0,
            retry_interval=INTERVAL,
        )
    except JobRunning:
        # Interrupted. The workers requeue it with all others.
        return
