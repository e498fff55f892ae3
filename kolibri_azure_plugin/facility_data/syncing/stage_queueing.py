"""Makes sure, at each poll of a peer, that the stage it waits for has a job."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Callable

from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpRequest, HttpResponse
from kolibri.core.tasks.job import State
from morango.constants import transfer_stages, transfer_statuses
from morango.constants.capabilities import ASYNC_OPERATIONS
from morango.models import TransferSession
from morango.utils import parse_capabilities_from_server_request

from kolibri_azure_plugin.facility_data.syncing import operations, stage_jobs

logger = logging.getLogger(__name__)


class StageJobsMiddleware:
    """Middleware that queues a pending stage's job after each request for its transfer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not operations.is_enabled():
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        transfer_id = _transfer_of(request)
        capabilities = parse_capabilities_from_server_request(request)
        if transfer_id and ASYNC_OPERATIONS in capabilities:
            try:
                _hand_over(transfer_id, capabilities)
            except (DatabaseError, InterfaceError):
                logger.warning(
                    "Can't queue a job for transfer %s now; the peer's next poll tries again.",
                    transfer_id,
                )
        return response


def _transfer_of(request: HttpRequest) -> str:
    """The id of the transfer that a request is for; empty for other requests."""
    from morango.api.viewsets import TransferSessionViewSet

    match = request.resolver_match
    if match is None or getattr(match.func, "cls", None) is not TransferSessionViewSet:
        return ""
    return str(match.kwargs.get("pk", ""))


def _hand_over(transfer_id: str, capabilities: Iterable[str]) -> None:
    """Queue a job for the transfer if it is pending and has none."""
    transfer = _pending(TransferSession.objects.all(), transfer_id)
    if transfer is None or _is_running(transfer):
        return
    with transaction.atomic():
        # Lock out concurrent requests. With no_key, a running job can still insert its records.
        locked = TransferSession.objects.select_for_update(of=("self",), no_key=True)
        transfer = _pending(locked, transfer_id)
        if transfer is None or _is_running(transfer):
            return
        if stage_jobs.state(transfer.id, transfer.transfer_stage) in (State.FAILED, State.CANCELED):
            transfer.update_state(stage_status=transfer_statuses.ERRORED)
            return
        stage_jobs.enqueue(transfer, capabilities)
        if transfer.transfer_stage == transfer_stages.CLEANUP:
            # The transfer is over for the peer, whose next one must not be mistaken for it.
            transfer.active = False
            transfer.save(update_fields=["active"])


def _pending(transfers: Any, transfer_id: str) -> Any:
    """The transfer, if it is pending in a stage that needs a job; None otherwise."""
    found = (
        transfers.filter(pk=transfer_id, transfer_stage_status=transfer_statuses.PENDING)
        .select_related("sync_session")
        .defer("client_fsic", "server_fsic")
        .first()
    )
    return found if found is not None and stage_jobs.needs_job(found) else None


def _is_running(transfer: Any) -> bool:
    state = stage_jobs.state(transfer.id, transfer.transfer_stage)
    return state is not None and state not in stage_jobs.ENDED
