"""The Kolibri task that runs a stage of a transfer."""

from __future__ import annotations

from typing import Any

from kolibri.core.tasks.constants import Priority
from kolibri.core.tasks.decorators import register_task
from kolibri.core.tasks.job import JobStatus
from kolibri.core.tasks.permissions import IsSuperAdmin

QUEUE = "azure_sync"


def _status(_job: Any) -> JobStatus:
    """Kolibri calls this for each urgent task."""
    return JobStatus("Sync with a school", "")


@register_task(
    queue=QUEUE,
    # A peer waits for it, and on SQLite no one there can write in the meantime.
    priority=Priority.HIGH,
    long_running=True,
    permission_classes=[IsSuperAdmin],
    status_fn=_status,
)
def advance_transfer(transfer_id: str, stage: str, capabilities: list[str]) -> None:
    """Advance a transfer with a peer to a stage, and complete the stage."""
    # Imported here, because kolibri-sync-extras-plugin may be missing. Then no job gets queued.
    from kolibri_azure_plugin.facility_data.syncing.stage_work import advance

    advance(transfer_id, stage, capabilities)
