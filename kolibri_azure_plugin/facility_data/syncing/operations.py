"""Wraps two methods of kolibri-sync-extras-plugin's operation: when it acts, and what it returns.

Morango calls the operation during a peer's request for a stage.
"""

from __future__ import annotations

from typing import Any, Callable

from kolibri.core.tasks.job import State
from kolibri.utils.conf import OPTIONS
from morango.constants.capabilities import ASYNC_OPERATIONS
from morango.errors import MorangoSkipOperation

from kolibri_azure_plugin.facility_data.syncing import stage_jobs
from kolibri_azure_plugin.wrapping import original, wraps

CLIENT_FSIC = "client_fsic"


def is_enabled() -> bool:
    """True when the plugin is enabled and wrapped, so that `stage_queueing` queues its jobs."""
    if not OPTIONS.get("Sync"):
        return False
    from kolibri_sync_extras_plugin.sync.operations import BackgroundJobOperation

    queue_job = BackgroundJobOperation._get_or_queue_job  # noqa: SLF001
    return original(queue_job) is not queue_job


def handle_only_waiting_peers(should_handle: Callable[..., None]) -> Callable[..., None]:
    """Wrap `should_handle`, and skip stages that no peer polls.

    When this Kolibri is the client, the sync already runs in a job. A second job for its stage
    could wait for a worker for ever, when all workers wait for such jobs.
    """

    @wraps(should_handle)
    def should_handle_for_peers(operation: Any, context: Any) -> None:
        should_handle(operation, context)
        if context.request is None or ASYNC_OPERATIONS not in context.capabilities:
            raise MorangoSkipOperation("no peer would poll the state of the job")

    return should_handle_for_peers


def report_job_state(_queue_job: Callable[..., str]) -> Callable[..., str]:
    """Wrap `_get_or_queue_job`: return the job's state only, as `stage_queueing` queues the job.

    A job that is queued here may finish before this request does. The request would then overwrite
    the job's "completed" with "pending", and the job's results as well, and the peer would wait for
    ever.
    """

    @wraps(_queue_job)
    def get_job_state(_operation: Any, context: Any, stage: str) -> str:
        _save_client_fsic(context)
        return stage_jobs.state(context.transfer_session.id, stage) or State.QUEUED

    return get_job_state


def _save_client_fsic(context: Any) -> None:
    """Save the peer's FSIC from the request for the job, which runs after the request."""
    if CLIENT_FSIC in context.request.data:
        context.transfer_session.client_fsic = context.request.data[CLIENT_FSIC]
        context.transfer_session.save(update_fields=[CLIENT_FSIC])
