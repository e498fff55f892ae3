"""The work of a stage's job, with retries."""

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
from kolibri_azure_plugin.facility_data.syncing.record_locks import held_records

logger = logging.getLogger(__name__)

#: Seconds between two attempts: four minutes in all.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, *[15.0] * 15)

#: Attempts without locks. After these, learners wait for the sync instead of making it fail.
ATTEMPTS_WITHOUT_LOCKS = 2

#: Attempts without locks on whole tables, and the most received records for which these are locked:
#: Kolibri writes some hundred per second, and learners must not wait longer than a few seconds.
ATTEMPTS_BY_RECORD = 5
FEW_RECORDS = 2000

#: The errors of a short outage or a conflict. When several schools sync at once, one of them
#: serialises all records. Morango makes the others wait, but these then still see the old records,
#: and insert the same rows again.
TRANSIENT_ERRORS = (OperationalError, InterfaceError, IntegrityError)


class StageContext(BackgroundSessionContext):
    """Morango's context of a transfer, without the request that started the stage."""

    def __init__(self, transfer: Any, capabilities: Iterable[str]) -> None:
        super().__init__(transfer_session=transfer, capabilities=capabilities)
        # Serialisation reads the peer's FSIC from the request, which has saved it here.
        self.request = SimpleNamespace(data={"client_fsic": transfer.client_fsic})

    def update(self, **changes: Any) -> None:
        """Update the transfer's state, but keep a stage pending that will be tried again."""
        if isinstance(changes.get("error"), TRANSIENT_ERRORS):
            changes["stage_status"] = transfer_statuses.PENDING
        super().update(**changes)


def advance(transfer_id: str, stage: str, capabilities: Iterable[str]) -> None:
    """Advance a transfer to a stage, and complete the stage.

    :raises SyncError: when all attempts fail.
    """
    for number, pause in enumerate(PAUSES):
        error = _try(transfer_id, stage, capabilities, attempt=number)
        if error is None:
            return
        logger.info(
            "Transfer %s is tried again in %.1f s, %s: %s", transfer_id, pause, stage, error
        )
        time.sleep(pause)
    error = _try(transfer_id, stage, capabilities, attempt=len(PAUSES))
    if error is not None:
        raise SyncError(
            f"Transfer {transfer_id} of a sync could not complete the stage {stage}.",
            expected="an attempt without conflicts within four minutes",
            found=error,
            remedy="Nothing is lost: let the school sync again, at a quieter time.",
            code="sync-disturbed",
        )


def _try(transfer_id: str, stage: str, capabilities: Iterable[str], *, attempt: int) -> str | None:
    """Make one attempt. Returns None for success, or else the transient error.

    :param attempt: the number of attempts before. Later ones lock records, so that others who
        change them wait.
    :raises Exception: a permanent error.
    """
    try:
        transfer = TransferSession.objects.get(pk=transfer_id)
        _clear_interrupted_job(transfer, stage)
        context = StageContext(transfer, capabilities)
        with _locks(transfer, attempt):
            session_controller.proceed_to(stage, context=context)
        # After a restart, the stage may turn out to be complete already.
        is_complete = context.stage != stage or context.stage_status == transfer_statuses.COMPLETED
    except TRANSIENT_ERRORS as error:
        # The next attempt gets a new connection, as this one may be unusable.
        connection.close()
        return str(error).strip()
    if context.error is not None and not isinstance(context.error, TRANSIENT_ERRORS):
        raise context.error
    if context.stage_status == transfer_statuses.ERRORED:
        raise SyncError(
            f"Transfer {transfer_id} of a sync has failed before.",
            expected=f"a transfer that can complete the stage {stage}",
            found="a transfer that has been given up",
            remedy="Let the school sync again.",
            code="sync-given-up",
        )
    if is_complete:
        return None
    return str(context.error).strip() if context.error else "others changed the same records"


def _locks(transfer: Any, attempt: int) -> contextlib.AbstractContextManager[None]:
    if attempt < ATTEMPTS_WITHOUT_LOCKS:
        return contextlib.nullcontext()
    is_small = (transfer.records_total or 0) <= FEW_RECORDS
    return held_records(transfer, whole_tables=is_small and attempt >= ATTEMPTS_BY_RECORD)


def _clear_interrupted_job(transfer: Any, stage: str) -> None:
    """Delete the buffers of a job that was killed while it queued records.

    No peer has fetched any of them yet, as the stage is still pending.
    """
    state = (transfer.transfer_stage, transfer.transfer_stage_status)
    if stage == transfer_stages.QUEUING and state == (stage, transfer_statuses.PENDING):
        transfer.delete_buffers()
