"""Reschedules regular jobs of Kolibri that stop, or that nothing starts.

The daily job that looks for notifications for administrators reschedules itself while it runs.
Kolibri refuses that, and the job fails (0.19.5, core/analytics/tasks.py).

The daily job that removes accounts a month after they were deleted starts when one account is
deleted, but not when several are deleted at once (0.19.5, core/auth/api.py). These would stay.
"""

from __future__ import annotations

from kolibri.core.analytics.tasks import (
    LOCAL_NOTIFICATION_JOB_ID,
    schedule_local_notification_generation,
)
from kolibri.core.auth.models import FacilityUser
from kolibri.core.auth.tasks import cleanup_expired_deleted_users
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.housekeeping.jobs import FINISHED


def reschedule_stopped_jobs() -> None:
    """Schedule the jobs as Kolibri does, unless they are waiting or running."""
    if not _is_scheduled(LOCAL_NOTIFICATION_JOB_ID):
        schedule_local_notification_generation()
    removal = cleanup_expired_deleted_users
    if FacilityUser.soft_deleted_objects.exists() and not _is_scheduled(removal.job_id):
        removal.enqueue()


def _is_scheduled(job_id: str) -> bool:
    return job_id in job_storage and job_storage.get_job(job_id).state not in FINISHED
