"""Turns a finished transfer into calls for each of its learners."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from kolibri_azure_plugin.facility_data.notifications import outbox
from kolibri_azure_plugin.facility_data.notifications.calls import Call, call_for_logs
from kolibri_azure_plugin.facility_data.notifications.outbox import Row

#: The function name of a transfer's row in the table. Kolibri has no such function.
FUNCTION = "transfer"

#: How many logs of a learner to put in one call.
LOGS = 50

#: When to check an unfinished transfer again.
RECHECK_DELAY = "30 seconds"

#: Minutes without activity after which a transfer counts as finished. If it continues after that,
#: it is recorded again.
SILENT_MINUTES = 10


def expand_transfer(row: Row) -> bool:
    """Replace a transfer's row by calls for its learners; False while it is not finished."""
    from django.db import connection

    transfer_id = row.call.arguments["transfer"]
    if not _is_over(transfer_id):
        outbox.postpone(row, RECHECK_DELAY)
        return False
    calls = _calls(transfer_id, exam_logs=row.call.arguments["exam_logs"])
    while batch := list(itertools.islice(calls, LOGS)):
        outbox.insert(connection, batch)
    return True


def _is_over(transfer_id: str) -> bool:
    """True after its last step, or after a long time without activity."""
    from datetime import timedelta

    from django.utils import timezone
    from morango.models import TransferSession

    silent = timezone.now() - timedelta(minutes=SILENT_MINUTES)
    return not TransferSession.objects.filter(
        id=transfer_id, active=True, last_activity_timestamp__gt=silent
    ).exists()


def _calls(transfer_id: str, *, exam_logs: bool) -> Iterator[Call]:
    """The calls that Kolibri makes at the end of a transfer, in its order, split by learner."""
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
    """The logs of a transfer that still exist, ordered by their start."""
    from morango.models import Store

    transferred = Store.objects.filter(
        model_name=model.morango_model_name, last_transfer_session_id=transfer_id
    ).values("id")
    started = "completion_timestamp" if model.__name__ == "ExamLog" else "start_timestamp"
    rows: Sequence[tuple[str, str]] = (
        model.objects.filter(id__in=transferred, user__isnull=False)
        .order_by("user_id", started)
        .values_list("user_id", "id")
    )
    for learner, group in itertools.groupby(rows, key=lambda row: row[0]):
        ids = [id_ for _learner, id_ in group]
        for start in range(0, len(ids), LOGS):
            yield learner, ids[start : start + LOGS]
