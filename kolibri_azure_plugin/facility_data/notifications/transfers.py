"""Records each transfer of a sync in the outbox before its records are deserialised.

Kolibri (0.19.5, core/notifications/kolibri_plugin.py) creates these notifications in the last
request of a transfer, after it has marked the transfer as done. If that request is interrupted,
they are lost, and with many records it takes longer than App Service allows. Here, a row for the
transfer is written before the first record is deserialised, and ``synced`` processes it later.
"""

from __future__ import annotations

from typing import Any, Callable

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.facility_data.notifications import drainer, outbox
from kolibri_azure_plugin.facility_data.notifications.synced import FUNCTION
from kolibri_azure_plugin.wrapping import wraps

#: The Kolibri versions that send exam logs.
EXAM_LOGS_BEFORE = "<0.15.0"

NOTE = """
    INSERT INTO kolibri_azure_notifications (lane, function, arguments, due)
    SELECT %s, 'transfer', jsonb_build_object('transfer', %s::text, 'exam_logs', %s::boolean),
        clock_timestamp() + '30 seconds'::interval
    WHERE NOT EXISTS (SELECT 1 FROM kolibri_azure_notifications WHERE lane = %s)
"""
MAKE_DUE = "UPDATE kolibri_azure_notifications SET due = clock_timestamp() WHERE lane = %s"


def record_incoming_transfer(context: Any) -> bool:
    """A sync operation that runs before deserialisation; False makes Morango run the next one."""
    from morango.sync.context import LocalSessionContext

    if (
        uses_postgresql()
        and isinstance(context, LocalSessionContext)
        and _has_local_coaches(context)
    ):
        _note(context)
    return False


def defer_to_outbox(make_all: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``NotificationsSyncHook.post_transfer``, which runs at the end of a transfer."""

    @wraps(make_all)
    def post_transfer(_self: Any, **keywords: Any) -> None:
        context = keywords["context"]
        if _has_local_coaches(context):
            _note(context)
            outbox.execute(MAKE_DUE, _lane(context.transfer_session.id))
            drainer.wake()

    return post_transfer


def _has_local_coaches(context: Any) -> bool:
    from kolibri.core.auth.sync_event_hook_utils import this_side_using_single_user_cert

    return (
        context.is_receiver
        and context.transfer_session is not None
        and not this_side_using_single_user_cert(context)
    )


def _note(context: Any) -> None:
    outbox.make_table()
    transfer_id = context.transfer_session.id
    lane = _lane(transfer_id)
    outbox.execute(NOTE, lane, transfer_id, _sends_exam_logs(context), lane)


def _lane(transfer_id: str) -> str:
    return f"{FUNCTION} {transfer_id}"


def _sends_exam_logs(context: Any) -> bool:
    from kolibri.core.auth.sync_event_hook_utils import get_other_side_kolibri_version
    from kolibri.core.upgrade import matches_version
    from kolibri.utils.version import truncate_version

    version = get_other_side_kolibri_version(context)
    return version is None or matches_version(truncate_version(version), EXAM_LOGS_BEFORE)
