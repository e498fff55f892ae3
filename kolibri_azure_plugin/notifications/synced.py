"""What a sync brought, for the coaches: noted before it is taken in, told after.

Kolibri (0.19.5, core/notifications/kolibri_plugin.py) makes these notifications in the last request
of a transfer, after it has marked the transfer as done: what ends that request loses them, and with
many records it outlasts what App Service gives a request. Here a row stands for the transfer before
the first record is taken in. When it is over, the row is spread over its learners.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.notifications import drainer, outbox
from kolibri_azure_plugin.notifications.calls import Call, call_for_logs
from kolibri_azure_plugin.notifications.outbox import Row
from kolibri_azure_plugin.wrapping import wraps

#: The name under which a transfer stands in the table; no function of Kolibri's.
FUNCTION = "transfer"

#: Logs of a learner that are one call.
LOGS = 50

#: A transfer that is not over is looked at again after this.
LOOK_AGAIN = "30 seconds"

#: Minutes without a word after which a transfer is not waited for any longer. If it goes on after
#: that, it is noted again.
SILENT_MINUTES = 10

#: Versions before this one send exam logs.
EXAM_LOGS_BEFORE = "<0.15.0"

NOTE = """
    INSERT INTO kolibri_azure_notifications (lane, function, arguments, due)
    SELECT %s, 'transfer', jsonb_build_object('transfer', %s::text, 'exam_logs', %s::boolean),
        clock_timestamp() + '30 seconds'::interval
    WHERE NOT EXISTS (SELECT 1 FROM kolibri_azure_notifications WHERE lane = %s)
"""
HURRY = "UPDATE kolibri_azure_notifications SET due = clock_timestamp() WHERE lane = %s"


def note_before_taking_in(context: Any) -> bool:
    """An operation of a sync, before records are taken in; False lets the next one do it."""
    from morango.sync.context import LocalSessionContext

    if (
        uses_postgresql()
        and isinstance(context, LocalSessionContext)
        and _is_for_coaches_here(context)
    ):
        _note(context)
    return False


def leave_to_the_table(make_all: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``NotificationsSyncHook.post_transfer``, at the end of a transfer."""

    @wraps(make_all)
    def post_transfer(_self: Any, **keywords: Any) -> None:
        context = keywords["context"]
        if _is_for_coaches_here(context):
            _note(context)
            outbox.execute(HURRY, _lane(context.transfer_session.id))
            drainer.wake()

    return post_transfer


def spread(row: Row) -> bool:
    """Replace a transfer by calls for its learners; False while it is not over."""
    from django.db import connection

    transfer_id = row.call.arguments["transfer"]
    if not _is_over(transfer_id):
        outbox.postpone(row, LOOK_AGAIN)
        return False
    calls = _calls(transfer_id, exam_logs=row.call.arguments["exam_logs"])
    while some := list(itertools.islice(calls, LOGS)):
        outbox.insert(connection, some)
    return True


def _is_for_coaches_here(context: Any) -> bool:
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


def _is_over(transfer_id: str) -> bool:
    """True when its last step was done, and when nobody has gone on with it for long."""
    from datetime import timedelta

    from django.utils import timezone
    from morango.models import TransferSession

    silent = timezone.now() - timedelta(minutes=SILENT_MINUTES)
    return not TransferSession.objects.filter(
        id=transfer_id, active=True, last_activity_timestamp__gt=silent
    ).exists()


def _calls(transfer_id: str, *, exam_logs: bool) -> Iterator[Call]:
    """What Kolibri does at the end of a transfer, learner by learner, in its order."""
    from kolibri.core.logger import models

    def logs(model: Any, **more: Any) -> Iterator[tuple[str, list[str]]]:
        return _by_learner(model, transfer_id, **more)

    for learner, ids in logs(models.ContentSummaryLog):
        yield call_for_logs(learner, "batch_process_summarylogs", ids)
    for learner, ids in logs(models.AttemptLog):
        yield call_for_logs(learner, "batch_process_attemptlogs", ids)
    if exam_logs:
        for learner, ids in logs(models.ExamAttemptLog):
            yield call_for_logs(learner, "batch_process_examlogs", [], ids)
        for learner, ids in logs(models.ExamLog):
            yield call_for_logs(learner, "batch_process_examlogs", ids, [])
        return
    for learner, ids in logs(models.AttemptLog):
        yield call_for_logs(learner, "batch_process_masterylogs_for_quizzes", [], ids)
    for learner, ids in logs(models.MasteryLog):
        yield call_for_logs(learner, "batch_process_masterylogs_for_quizzes", ids, [])


def _by_learner(model: Any, transfer_id: str) -> Iterator[tuple[str, list[str]]]:
    """The logs of a transfer that are here now, in the order in which they were begun."""
    from morango.models import Store

    brought = Store.objects.filter(
        model_name=model.morango_model_name, last_transfer_session_id=transfer_id
    ).values("id")
    begun = "completion_timestamp" if model.__name__ == "ExamLog" else "start_timestamp"
    rows: Sequence[tuple[str, str]] = (
        model.objects.filter(id__in=brought, user__isnull=False)
        .order_by("user_id", begun)
        .values_list("user_id", "id")
    )
    for learner, group in itertools.groupby(rows, key=lambda row: row[0]):
        ids = [id_ for _learner, id_ in group]
        for start in range(0, len(ids), LOGS):
            yield learner, ids[start : start + LOGS]
