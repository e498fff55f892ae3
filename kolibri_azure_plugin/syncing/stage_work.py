"""What the job of a stage does."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection
from kolibri_sync_extras_plugin.sync.context import BackgroundSessionContext
from morango.api.viewsets import session_controller
from morango.constants import transfer_stages, transfer_statuses
from morango.models import TransferSession

from kolibri_azure_plugin.errors import SyncError
from kolibri_azure_plugin.syncing.held_records import held_records

logger = logging.getLogger(__name__)

#: Seconds between one try and the next: for four minutes in all.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, *[15.0] * 15)

#: Tries after which a learner waits for the sync, and not the sync for an undisturbed moment.
POLITE = 2

#: What a database says that is away for a moment, or in which somebody else was first. Of several
#: schools that ask at once, one has all records put into the store; morango lets the others wait,
#: but they see the records as they were before, and put them there again.
PASSING = (OperationalError, InterfaceError, IntegrityError)


class StageContext(BackgroundSessionContext):
    """A transfer as morango sees it, when the request that asked for its stage is gone."""

    def __init__(self, transfer: Any, capabilities: Iterable[str]) -> None:
        super().__init__(transfer_session=transfer, capabilities=capabilities)
        # Serialising asks the request what the peer has; the request has left it here.
        self.request = SimpleNamespace(data={"client_fsic": transfer.client_fsic})

    def update(self, **changes: Any) -> None:
        """Change the transfer's state, but do not call a stage failed that is tried again."""
        if isinstance(changes.get("error"), PASSING):
            changes["stage_status"] = transfer_statuses.PENDING
        super().update(**changes)


def advance(transfer_id: str, stage: str, capabilities: Iterable[str]) -> None:
    """Take a transfer to a stage, and through it.

    :raises SyncError: when it could not be done for minutes.
    """
    for number, pause in enumerate(PAUSES):
        error = _try(transfer_id, stage, capabilities, insists=number >= POLITE)
        if error is None:
            return
        logger.info(
            "Transfer %s is tried again in %.1f s, %s: %s", transfer_id, pause, stage, error
        )
        time.sleep(pause)
    error = _try(transfer_id, stage, capabilities, insists=True)
    if error is not None:
        raise SyncError(
            f"Transfer {transfer_id} of a sync could not be taken through {stage}.",
            expected="one undisturbed moment within four minutes",
            found=error,
            remedy="Nothing is lost: let the school sync again, at a quieter time.",
            code="sync-disturbed",
        )


def _try(transfer_id: str, stage: str, capabilities: Iterable[str], *, insists: bool) -> str | None:
    """None when the transfer is through the stage; otherwise what was in the way for now.

    :param insists: have those wait who would change the records meanwhile.
    :raises Exception: what will be in the way next time too.
    """
    try:
        transfer = TransferSession.objects.get(pk=transfer_id)
        _remove_what_an_interrupted_job_left(transfer, stage)
        context = StageContext(transfer, capabilities)
        with held_records(transfer) if insists else contextlib.nullcontext():
            session_controller.proceed_to(stage, context=context)
        # A job that is begun again may find that it had been done.
        through = context.stage != stage or context.stage_status == transfer_statuses.COMPLETED
    except PASSING as error:
        # Whatever state this connection is in, the next try gets another one.
        connection.close()
        return str(error).strip()
    if context.error is not None and not isinstance(context.error, PASSING):
        raise context.error
    if context.stage_status == transfer_statuses.ERRORED:
        raise SyncError(
            f"Transfer {transfer_id} of a sync has failed before.",
            expected=f"a transfer that can be taken through {stage}",
            found="one that has been given up",
            remedy="Let the school sync again.",
            code="sync-given-up",
        )
    if through:
        return None
    return str(context.error).strip() if context.error else "others changed the same records"


def _remove_what_an_interrupted_job_left(transfer: Any, stage: str) -> None:
    """It may have queued the records, and ended before it could say so; nobody has got one yet."""
    state = (transfer.transfer_stage, transfer.transfer_stage_status)
    if stage == transfer_stages.QUEUING and state == (stage, transfer_statuses.PENDING):
        transfer.delete_buffers()
