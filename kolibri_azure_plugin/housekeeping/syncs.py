"""Closes syncs that were never resumed, and removes the records of ended ones.

An interrupted pull leaves a whole copy of the data in the server's buffers. Kolibri removes buffers
only on the receiving side, after the next sync with the same device.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from kolibri.core.device.models import UserSyncStatus
from kolibri.core.device.utils import device_provisioned
from morango.constants import transfer_stages, transfer_statuses
from morango.models import Buffer, Nonce, RecordMaxCounterBuffer, SyncSession, TransferSession

from kolibri_azure_plugin.housekeeping.batches import remove_in_batches
from kolibri_azure_plugin.housekeeping.periods import Periods

#: The ways in which a transfer ends. Morango notes no error in one that was interrupted, neither
#: when its connection breaks nor when it is closed later. Once it has come to its cleanup, all
#: records are there.
SUCCEEDED = Q(
    active=False,
    transfer_stage=transfer_stages.CLEANUP,
    transfer_stage_status=transfer_statuses.COMPLETED,
)
FAILED = Q(transfer_stage_status=transfer_statuses.ERRORED)
UNFINISHED = Q(transfer_stage__in=transfer_stages.ALL - {transfer_stages.CLEANUP})
INTERRUPTED = Q(active=False) & UNFINISHED

#: How many sessions to delete at once, as Django collects their transfers and buffers.
SESSIONS = 200


def close_abandoned_syncs(periods: Periods) -> int:
    """Close syncs without activity, and remove their buffers; returns how many were closed."""
    if not device_provisioned():
        return 0
    before = timezone.now() - periods.silent_sync
    silent = SyncSession.objects.filter(last_activity_timestamp__lt=before)
    closed = silent.filter(active=True).count()
    hours = int(periods.silent_sync.total_seconds() // 3600)
    call_command("cleanupsyncs", expiration=hours)
    for transfer in _left_over(before):
        with transaction.atomic():
            transfer.delete_buffers()
            TransferSession.objects.filter(id=transfer.id).update(active=False)
    return closed - silent.filter(active=True).count()


def _left_over(before: datetime) -> QuerySet[Any]:
    """Silent transfers that are open in a closed sync, or closed with buffers.

    The command skips both, because it handles only open transfers of open syncs.
    """
    has_buffers = Exists(Buffer.objects.filter(transfer_session=OuterRef("pk"))) | Exists(
        RecordMaxCounterBuffer.objects.filter(transfer_session=OuterRef("pk"))
    )
    silent = TransferSession.objects.filter(last_activity_timestamp__lt=before)
    return silent.filter(Q(active=True) | has_buffers).defer("client_fsic", "server_fsic")


def remove_ended_syncs(periods: Periods) -> int:
    """Remove the records of ended syncs that Kolibri no longer needs; returns how many.

    Kolibri shows the last success and the last failure of each facility and of each learner's
    tablet, and schedules a tablet's next sync by them. The status page shows interruptions, too.
    The sign-in page scans all records.
    """
    before = timezone.now() - periods.ended_sync
    ended = SyncSession.objects.filter(active=False, last_activity_timestamp__lt=before)
    shown = UserSyncStatus.objects.exclude(sync_session=None).values("sync_session_id")
    newest = {each for end in (SUCCEEDED, FAILED, INTERRUPTED) for each in _newest(end)}
    return remove_in_batches(ended.exclude(id__in=shown).exclude(id__in=newest), size=SESSIONS)


def _newest(kind: Q) -> QuerySet[Any]:
    """The sync of the newest transfer of a kind, per pair of devices, filter and direction."""
    each = (
        "sync_session__client_instance_id",
        "sync_session__server_instance_id",
        "filter",
        "push",
    )
    newest = TransferSession.objects.filter(kind).order_by(*each, "-last_activity_timestamp")
    return newest.distinct(*each).values_list("sync_session_id", flat=True)


def remove_unused_nonces(periods: Periods) -> int:
    """Remove the nonces of devices that requested one and never began a sync."""
    old = Nonce.objects.filter(timestamp__lt=timezone.now() - periods.nonce)
    return remove_in_batches(old)
