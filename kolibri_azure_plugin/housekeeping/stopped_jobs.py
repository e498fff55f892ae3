"""A regular job of Kolibri's that stops after its first run, on a server that is never restarted.

The daily look for something to tell the administrators schedules itself anew while it runs, which
Kolibri refuses (0.19.5, core/analytics/tasks.py), and so ends as failed until the next start.
"""

from __future__ import annotations

from kolibri.core.analytics.tasks import (
    LOCAL_NOTIFICATION_JOB_ID,
    schedule_local_notification_generation,
)
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.housekeeping.jobs import FINISHED


def schedule_what_has_stopped() -> None:
    """Do what Kolibri does when it starts, unless the job still waits or runs."""
    waiting = LOCAL_NOTIFICATION_JOB_ID in job_storage
    if waiting and job_storage.get_job(LOCAL_NOTIFICATION_JOB_ID).state not in FINISHED:
        return
    schedule_local_notification_generation()
