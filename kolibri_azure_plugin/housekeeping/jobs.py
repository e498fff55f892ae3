"""Removes finished jobs, because each view of the task list makes a query for every job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kolibri.core.tasks.hooks import JobHook
from kolibri.core.tasks.job import Job, State
from kolibri.core.tasks.models import Job as Row
from kolibri.core.tasks.registry import TaskRegistry
from morango.models import SyncSession, TransferSession

from kolibri_azure_plugin.housekeeping.batches import remove_in_batches
from kolibri_azure_plugin.housekeeping.periods import Periods

FINISHED = (State.COMPLETED, State.FAILED, State.CANCELED)

PLUGIN = "kolibri_azure_plugin"

#: The task of `kolibri_azure_plugin.facility_data.syncing` that runs a stage of a transfer.
STAGE = f"{PLUGIN}.facility_data.syncing.task.advance_transfer"

#: The suffix of the keys under which kolibri-sync-extras-plugin stores, in a sync session, the jobs
#: that it waits for (0.3.0, tasks.py).
JOB_OF_SYNC = "_job_id"


def remove_finished_jobs(periods: Periods) -> int:
    """Remove the jobs that finished long enough ago; returns how many."""
    _record_finish_times()
    now = timezone.now()
    # Keep the jobs of open syncs: without its job, a sync fails when it is resumed.
    rows = Row.objects.filter(state__in=FINISHED).exclude(id__in=list(_awaited_by_syncs()))
    rows = rows.filter(time_updated__lte=now - periods.quiet_job)
    user_facing = rows.filter(func__in=user_facing_tasks())
    newest = user_facing.order_by("-time_updated", "-scheduled_time").values_list("id", flat=True)
    kept = user_facing.filter(id__in=list(newest[: periods.jobs]))
    kept = kept.filter(time_updated__gt=now - periods.job)
    return _remove(rows.exclude(id__in=list(kept.values_list("id", flat=True))))


def _record_finish_times() -> None:
    """Fill in `time_updated`, which Kolibri leaves empty (0.19.5, core/tasks/storage.py).

    A job whose `time_updated` is before its `scheduled_time` has run again since.
    """
    unnoted = Q(time_updated=None) | Q(time_updated__lt=F("scheduled_time"))
    Row.objects.filter(unnoted, state__in=FINISHED).update(time_updated=timezone.now())


def user_facing_tasks() -> list[str]:
    """The tasks that users start: those with permissions, except the plugin's own."""
    return [
        name
        for name, task in TaskRegistry.items()
        if task.permissions and not name.startswith(f"{PLUGIN}.")
    ]


def _awaited_by_syncs() -> Iterator[str]:
    fields = SyncSession.objects.filter(active=True, extra_fields__contains=JOB_OF_SYNC)
    for text in fields.values_list("extra_fields", flat=True):
        for key, job in json.loads(text).items():
            if key.endswith(JOB_OF_SYNC):
                yield job
    transfers = set(TransferSession.objects.filter(active=True).values_list("id", flat=True))
    stages = Row.objects.filter(func=STAGE, state__in=FINISHED)
    for job, saved in stages.values_list("id", "saved_job"):
        if json.loads(saved)["kwargs"]["transfer_id"] in transfers:
            yield job


def _remove(rows: QuerySet[Any]) -> int:
    hooks = list(JobHook.registered_hooks)

    def tell_hooks(batch: QuerySet[Any]) -> None:
        for row in batch if hooks else ():
            for hook in hooks:
                hook.clear(Job.from_json(row.saved_job), row)

    # A job that was restarted in the meantime no longer matches the filter.
    return remove_in_batches(rows, before=tell_hooks)
