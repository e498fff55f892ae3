"""Around two methods of kolibri-sync-extras-plugin's operation: when it acts, and what it answers.

Morango calls the operation while the request of a peer that asks for a stage is answered.
"""

from __future__ import annotations

from typing import Any, Callable

from kolibri.core.tasks.job import State
from kolibri.utils.conf import OPTIONS
from morango.constants.capabilities import ASYNC_OPERATIONS
from morango.errors import MorangoSkipOperation

from kolibri_azure_plugin.syncing import stage_jobs
from kolibri_azure_plugin.wrapping import original, wraps

CLIENT_FSIC = "client_fsic"


def are_in_charge() -> bool:
    """True when the plugin is on, and is a version whose jobs `handover` queues."""
    if not OPTIONS.get("Sync"):
        return False
    from kolibri_sync_extras_plugin.sync.operations import BackgroundJobOperation

    queue_job = BackgroundJobOperation._get_or_queue_job  # noqa: SLF001
    return original(queue_job) is not queue_job


def only_for_peers_that_wait(should_handle: Callable[..., None]) -> Callable[..., None]:
    """Around `should_handle`: leave alone what has no peer that asks for its state.

    Where this Kolibri is the one that asks, it is at work in a job already. A job of that job's
    would wait for a worker that may never be free: each of them may be waiting for one.
    """

    @wraps(should_handle)
    def should_handle_for_peers(operation: Any, context: Any) -> None:
        should_handle(operation, context)
        if context.request is None or ASYNC_OPERATIONS not in context.capabilities:
            raise MorangoSkipOperation("nobody would ask for the state of the job")

    return should_handle_for_peers


def only_ask_for_the_job(_queue_job: Callable[..., str]) -> Callable[..., str]:
    """Around `_get_or_queue_job`: say what state the job is in; `handover` queues it.

    A job that is queued here may be done before this request is. Then the request writes "pending"
    over the job's "completed", which the peer would wait for without end, and over what the job
    has found out.
    """

    @wraps(_queue_job)
    def ask_for_the_job(_operation: Any, context: Any, stage: str) -> str:
        _keep_what_the_peer_sent(context)
        return stage_jobs.state(context.transfer_session.id, stage) or State.QUEUED

    return ask_for_the_job


def _keep_what_the_peer_sent(context: Any) -> None:
    """What the peer has already comes with the request, and is wanted when that is gone."""
    if CLIENT_FSIC in context.request.data:
        context.transfer_session.client_fsic = context.request.data[CLIENT_FSIC]
        context.transfer_session.save(update_fields=[CLIENT_FSIC])
