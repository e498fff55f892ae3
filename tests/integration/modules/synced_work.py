"""A transfer that has brought everything that is there, as the server of a sync sees its end.

Imported in `kolibri manage shell`, where Kolibri is set up.
"""

from __future__ import annotations

import json
import uuid

from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from kolibri.core.auth.models import Facility
from kolibri.core.auth.sync_event_hook_utils import (
    get_dataset_id,
    get_user_id_for_single_user_sync,
)
from kolibri.core.notifications.kolibri_plugin import NotificationsSyncHook
from kolibri.core.notifications.models import LearnerProgressNotification
from morango.constants import transfer_stages, transfer_statuses
from morango.models import Store, SyncSession, TransferSession
from morango.sync.context import LocalSessionContext
from morango.sync.controller import MorangoProfileController

from devtools.deadline import wait_until
from kolibri_azure_plugin.facility_data.notifications import lanes, outbox
from kolibri_azure_plugin.kolibri_plugin import RecordIncomingTransferHook
from kolibri_azure_plugin.wrapping import original

FIELDS = (
    "notification_object", "notification_event", "reason", "user_id", "lesson_id", "contentnode_id",
    "quiz_id", "quiz_num_correct", "quiz_num_answered", "timestamp",
)  # fmt: skip


def context_of_a_transfer():
    """A push of all logs that has come to the stage in which they are taken in."""
    MorangoProfileController("facilitydata").serialize_into_store()
    certificate = Facility.get_default_facility().dataset.get_root_certificate()
    session = SyncSession.objects.create(
        id=uuid.uuid4().hex,
        start_timestamp=timezone.now(),
        last_activity_timestamp=timezone.now(),
        is_server=True,
        profile="facilitydata",
        client_certificate=certificate,
        server_certificate=certificate,
        client_instance_json=json.dumps({"kolibri": "0.19.5"}),
    )
    transfer = TransferSession.objects.create(
        id=uuid.uuid4().hex,
        filter=str(certificate.get_scope().read_filter),
        push=True,
        sync_session=session,
        last_activity_timestamp=timezone.now(),
        transfer_stage=transfer_stages.DESERIALIZING,
        transfer_stage_status=transfer_statuses.PENDING,
    )
    Store.objects.update(last_transfer_session_id=transfer.id)
    # Who has a request is the server.
    return LocalSessionContext(HttpRequest(), sync_session=session, transfer_session=transfer)


def told_by_kolibri(context):
    """What Kolibri's own end of a transfer tells; nothing of it stays."""
    with transaction.atomic():
        LearnerProgressNotification.objects.all().delete()
        keywords = {
            "dataset_id": get_dataset_id(context),
            "local_is_single_user": False,
            "remote_is_single_user": False,
            "single_user_id": get_user_id_for_single_user_sync(context),
        }
        hook = NotificationsSyncHook()
        original(NotificationsSyncHook.post_transfer)(hook, context=context, **keywords)
        found = told()
        transaction.set_rollback(True)
    return found


def told_by_the_table(context, *, killed):
    """What is told when a transfer has been noted, and its last request was killed, or was not."""
    LearnerProgressNotification.objects.all().delete()
    for operation in RecordIncomingTransferHook().get_sync_operations(context):
        assert operation(context) is False
    hurry()
    lanes.drain()
    assert not told(), "a transfer that goes on was taken for one that is over"
    context.transfer_session.active = False
    context.transfer_session.save()
    if killed:
        hurry()
    else:
        NotificationsSyncHook().post_transfer(
            context=context,
            dataset_id=get_dataset_id(context),
            local_is_single_user=False,
            remote_is_single_user=False,
            single_user_id=None,
        )
    wait_until(all_is_worked_off, "the table to be empty", 60)
    return told()


def all_is_worked_off():
    """True when nothing waits; threads of this and of other processes are at it, too."""
    lanes.drain()
    return outbox.state()[0] == 0


def told():
    rows = LearnerProgressNotification.objects.values_list(*FIELDS)
    return sorted([str(value) for value in row] for row in rows)


def hurry():
    """As if the half minute had passed after which a transfer is looked at again."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kolibri_azure_notifications SET due = clock_timestamp()")
