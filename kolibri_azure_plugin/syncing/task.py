"""The stage of a transfer as a task of Kolibri's."""

from __future__ import annotations

from typing import Any

from kolibri.core.tasks.constants import Priority
from kolibri.core.tasks.decorators import register_task
from kolibri.core.tasks.job import JobStatus
from kolibri.core.tasks.permissions import IsSuperAdmin

QUEUE = "azure_sync"


def _status(_job: Any) -> JobStatus:
    """Kolibri asks each urgent task for its title."""
    return JobStatus("Sync with a school", "")


@register_task(
    queue=QUEUE,
    # A peer waits for it, and with SQLite nobody can write there while it does.
    priority=Priority.HIGH,
    long_running=True,
    permission_classes=[IsSuperAdmin],
    status_fn=_status,
)
def advance_transfer(transfer_id: str, stage: str, capabilities: list[str]) -> None:
    """Take a transfer with a peer to a stage, and through it."""
    # Without kolibri-sync-extras-plugin no such job is ever queued.
    from kolibri_azure_plugin.syncing.stage_work import advance

    advance(transfer_id, stage, capabilities)
