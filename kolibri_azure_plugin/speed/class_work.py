"""Reads how far the learners of a class are with its lessons and quizzes.

As Kolibri does it (0.19.5, plugins/coach/class_summary_api.py), with queries that are compiled once
per process: those of the tries of a quiz alone take Django 10 ms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import F, Max, OuterRef, Q, Subquery

from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery, Row


def exam_statuses(exams: Sequence[Row]) -> list[Row]:
    """The newest try of each learner in each quiz; drafts, which have a number as id, have none."""
    from kolibri.plugins.coach.class_summary_api import _map_exam_status

    ids = [exam["id"] for exam in exams if not isinstance(exam["id"], int)]
    tries = _newest(_exam_tries.rows(exams=ids)) if ids else {}
    return [_map_exam_status(each) for each in tries.values()]


def content_statuses(
    classroom: str, lessons: Sequence[Row], nodes: Mapping[str, Row], learners: Sequence[Row]
) -> list[Row]:
    """How far each learner is with each resource of the lessons.

    :param nodes: the resources of lessons and quizzes, by id.
    """
    from kolibri.plugins.coach.class_summary_api import get_log_status

    contents: dict[str, list[str]] = {}
    for key in {each for lesson in lessons for each in lesson["node_ids"]} & nodes.keys():
        contents.setdefault(nodes[key]["content_id"], []).append(key)
    users = [each["id"] for each in learners]
    if not contents or not users:
        return []
    asked = {"contents": [*contents], "learners": users}
    logs = _logs.rows(**asked)
    tries = _newest(_practice_tries.rows(**asked)) if logs else {}
    needs_help, completed = _told(classroom, lessons) if logs else ({}, {})
    statuses = []
    for log in logs:
        status = {
            "learner_id": log["user_id"],
            "content_id": log["content_id"],
            "status": get_log_status(log, contents, needs_help, completed),
            "last_activity": log["end_timestamp"],
            "time_spent": log["time_spent"],
            "tries": log["tries"],
        }
        newest = tries.get((log["user_id"], log["content_id"]))
        if newest:
            apart = ("learner_id", "summarylog__content_id")
            status.update({key: value for key, value in newest.items() if key not in apart})
        statuses.append(status)
    return statuses


def _newest(tries: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """The first of each learner and content; the newest come first."""
    found: dict[tuple[str, str], Row] = {}
    for each in tries:
        found.setdefault((each["learner_id"], each["summarylog__content_id"]), each)
    return found


def _told(classroom: str, lessons: Sequence[Row]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """When coaches were last told that a learner needs help with a resource, or completed it."""
    from kolibri.core.notifications.models import NotificationEventType

    rows = _notifications.rows(classroom=classroom, lessons=[each["id"] for each in lessons])
    times: dict[Any, dict[Any, Any]] = {}
    for row in rows:
        key = (row["user_id"], row["contentnode_id"])
        times.setdefault(row["notification_event"], {})[key] = row["timestamp"]
    return (
        times.get(NotificationEventType.Help, {}),
        times.get(NotificationEventType.Completed, {}),
    )


def _read_exam_tries(exams: Collection[str]) -> Any:
    from kolibri.core.logger.models import MasteryLog

    return _with_answers(MasteryLog.objects.filter(summarylog__content_id__in=exams))


def _read_practice_tries(contents: Collection[str], learners: Collection[str]) -> Any:
    from kolibri.core.logger.models import MasteryLog

    return _with_answers(
        MasteryLog.objects.filter(summarylog__content_id__in=contents, user__in=learners)
    )


def _with_answers(tries: Any) -> Any:
    """The tries of a quiz, with what was answered then and in the try before.

    As Kolibri's `_get_quiz_status` does it. The tries of a quiz have a negative level.
    """
    from kolibri.core.logger.models import AttemptLog
    from kolibri.core.logger.utils.quiz import annotate_response_summary
    from kolibri.core.query import SQCount

    tries = tries.filter(mastery_level__lt=0).order_by("-end_timestamp")
    earlier = tries.filter(
        summarylog=OuterRef("summarylog"), end_timestamp__lt=OuterRef("end_timestamp")
    )
    right_before = AttemptLog.objects.filter(masterylog=OuterRef("previous_masterylog"), correct=1)
    items = right_before.order_by().values_list("item").distinct()
    tries = tries.annotate(previous_masterylog=Subquery(earlier.values_list("id")[:1]))
    return (
        annotate_response_summary(tries)
        .annotate(
            last_activity=Max("attemptlogs__end_timestamp"),
            previous_num_correct=SQCount(items, field="item"),
        )
        .values(
            "summarylog__content_id",
            "complete",
            "last_activity",
            "num_correct",
            "num_answered",
            "previous_num_correct",
            learner_id=F("user_id"),
        )
    )


def _read_logs(contents: Collection[str], learners: Collection[str]) -> Any:
    from kolibri.plugins.coach.class_summary_api import get_content_log_values

    return get_content_log_values(contents, learners)


def _read_notifications(classroom: str, lessons: Collection[str]) -> Any:
    from kolibri.core.notifications.models import (
        LearnerProgressNotification,
        NotificationEventType,
    )

    event = Q(notification_event=NotificationEventType.Completed)
    event |= Q(notification_event=NotificationEventType.Help)
    return (
        LearnerProgressNotification.objects.filter(
            event, classroom_id=classroom, lesson_id__in=lessons
        )
        .order_by("timestamp")
        .values("user_id", "contentnode_id", "timestamp", "notification_event")
    )


_exam_tries = CompiledQuery(_read_exam_tries)
_practice_tries = CompiledQuery(_read_practice_tries)
_logs = CompiledQuery(_read_logs)
_notifications = CompiledQuery(_read_notifications)
