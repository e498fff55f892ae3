"""The jobs for the stages of a transfer that a peer waits for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from kolibri.core.tasks.exceptions import JobNotFound
from kolibri.core.tasks.job import State
from kolibri.core.tasks.main import job_storage
from kolibri.utils.conf import OPTIONS

#: The states in which a job is over.
ENDED = (State.COMPLETED, State.FAILED, State.CANCELED)


def needs_job(transfer: Any) -> bool:
    """True for a stage of a peer's transfer that the plugin's options assign to the workers."""
    if not transfer.sync_session.is_server:
        return False
    # The server is slow at the end of a push and at the beginning of a pull.
    option = "BACKGROUND_FINALIZATION" if transfer.push else "BACKGROUND_INITIALIZATION"
    options = OPTIONS.get("Sync", {})
    stages: str = options.get(f"{option}_STAGES", "")
    return bool(options.get(option)) and transfer.transfer_stage in stages.split(",")


def state(transfer_id: str, stage: str) -> str | None:
    """The state of the stage's job; None when it has none."""
    try:
        found: str = job_storage.get_job(_job_id(transfer_id, stage)).state
    except JobNotFound:
        return None
    return found


def enqueue(transfer: Any, capabilities: Iterable[str]) -> None:
    """Queue a job for the transfer's current stage."""
    from kolibri_azure_plugin.facility_data.syncing.task import advance_transfer

    stage = transfer.transfer_stage
    advance_transfer.enqueue(
        job_id=_job_id(transfer.id, stage),
        kwargs={
            "transfer_id": transfer.id,
            "stage": stage,
            "capabilities": sorted(capabilities),
        },
    )


def _job_id(transfer_id: str, stage: str) -> str:
    """A deterministic id, so that no stage gets two jobs."""
    return uuid.uuid5(uuid.UUID(transfer_id), stage).hex
