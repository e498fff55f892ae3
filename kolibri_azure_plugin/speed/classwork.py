"""Assembles a learner's classes from what the class shares and what is the learner's own.

Kolibri reads the lessons, quizzes and courses of a class again for each learner, and joins the
learner's answers to each quiz, begun or not. Here a process keeps what a class shares for two
seconds (freshness.py), and reads the progress in a quiz only if the learner has begun it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Callable

from django.core.cache import cache
from django.db.models import Count, IntegerField, OuterRef, Subquery, Sum

from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery
from kolibri_azure_plugin.speed.freshness import CLASSWORK_PREFIX, FRESH_SECONDS
from kolibri_azure_plugin.speed.lesson_progress import add_progress
from kolibri_azure_plugin.wrapping import wraps

LESSON_FIELDS = ("description", "id", "is_active", "title", "resources", "collection")
EXAM_FIELDS = (
    *("collection", "active", "archive", "id", "question_count", "title", "data_model_version"),
    *("question_sources", "instant_report_visibility"),
)
COURSE_FIELDS = ("id", "course", "title", "description", "is_active", "collection")

NOT_STARTED = {"score": None, "answer_count": None, "closed": None, "started": False}

Row = dict[str, Any]


def share_classwork(consolidate: Callable[..., list[Row]]) -> Callable[..., list[Row]]:
    """Replace ``LearnerClassroomViewset.consolidate``."""
    from kolibri.plugins.learn import viewsets

    @wraps(consolidate)
    def consolidate_classrooms(self: Any, items: list[Row], queryset: Any) -> list[Row]:  # noqa: ARG001
        if not items:
            return items
        user = self.request.user
        joined = [row["collection"] for row in _memberships.rows(user=user.id)]
        shared = _shared_work(sorted(item["id"] for item in items), sorted(joined))
        quizzes = [exam["id"] for exam in shared["exams"]]
        begun = add_progress(self.request, shared["lessons"], quizzes)
        exams = list(_with_progress(shared["exams"], begun, user))
        _mark_missing_resources(exams, self.request)
        courses = viewsets._consolidate_courses_data(self.request, shared["courses"])  # noqa: SLF001
        work = {"exams": exams, "lessons": shared["lessons"], "courses": courses}
        for item in items:
            for kind, rows in work.items():
                item[kind] = [each for each in rows if each["collection"] == item["id"]]
        return items

    return consolidate_classrooms


def _read_memberships(user: str) -> Any:
    """The classes and groups of a user."""
    from kolibri.core.auth.models import Membership

    return Membership.objects.filter(user=user).values("collection")


_memberships = CompiledQuery(_read_memberships)


def _shared_work(classes: list[str], joined: list[str]) -> dict[str, list[Row]]:
    """The work of these classes that is assigned to these collections: classes and groups.

    Each call returns its own copy.
    """
    names = ",".join((*classes, "", *joined))
    key = f"{CLASSWORK_PREFIX}{hashlib.sha256(names.encode()).hexdigest()}"
    work: dict[str, list[Row]] | None = cache.get(key)
    if work is None:
        work = _read_shared_work(classes, joined)
        cache.set(key, work, FRESH_SECONDS)
    return work


def _read_shared_work(classes: list[str], joined: list[str]) -> dict[str, list[Row]]:
    from kolibri.core.courses.models import CourseSession
    from kolibri.core.exams.models import Exam
    from kolibri.core.lessons.models import Lesson

    def assigned(model: Any, assignments: str, fields: Iterable[str], **only: Any) -> list[Row]:
        assigned_to = {f"{assignments}__collection__in": joined}
        found = model.objects.filter(collection__in=classes, **assigned_to, **only)
        return list(found.distinct().values(*fields))

    return {
        "lessons": assigned(Lesson, "lesson_assignments", LESSON_FIELDS, is_active=True),
        "exams": assigned(Exam, "assignments", EXAM_FIELDS),
        "courses": assigned(CourseSession, "assignments", COURSE_FIELDS, is_active=True),
    }


def _with_progress(exams: list[Row], begun: set[str], user: Any) -> Iterable[Row]:
    """The quizzes that are open, or that the learner has begun, with the learner's progress."""
    progress = _progress(begun, user) if begun else {}
    for exam in exams:
        if exam["active"] or exam["id"] in progress:
            yield {**exam, "progress": progress.get(exam["id"], NOT_STARTED)}


def _progress(exams: set[str], user: Any) -> dict[str, Row]:
    """The progress in each of these quizzes that the learner has begun, by its id."""
    from kolibri.core.exams.models import Exam
    from kolibri.core.logger.models import AttemptLog, MasteryLog

    tries = MasteryLog.objects.filter(user=user, summarylog__content_id__in=exams)
    begun = set(tries.values_list("summarylog__content_id", flat=True))
    if not begun:
        return {}
    # As Kolibri does it (0.19.5), for the begun quizzes only.
    own_tries = MasteryLog.objects.filter(user=user, summarylog__content_id=OuterRef("id"))
    answers = AttemptLog.objects.filter(sessionlog__content_id=OuterRef("id"), user=user)
    by_try = answers.order_by().values_list("item").distinct().values("masterylog")
    correct = by_try.annotate(total_correct=Sum("correct")).values("total_correct")
    complete = by_try.annotate(total_complete=Count("id")).values("total_complete")
    found = Exam.objects.filter(id__in=begun).annotate(
        closed=Subquery(own_tries.values("complete")[:1]),
        score=Subquery(correct, output_field=IntegerField()),
        answer_count=Subquery(complete, output_field=IntegerField()),
    )
    return {
        row.pop("id"): {**row, "started": True}
        for row in found.values("id", "closed", "score", "answer_count")
    }


def _mark_missing_resources(exams: list[Row], request: Any) -> None:
    from kolibri.core.exams.models import exam_assignment_lookup
    from kolibri.plugins.learn import viewsets

    exercises = [
        {exercise for exercise, _ in exam_assignment_lookup(exam["question_sources"])}
        for exam in exams
    ]
    ids = {exercise for each in exercises for exercise in each if exercise}
    nodes = viewsets._map_contentnodes(request, ids)  # noqa: SLF001
    for exam, needed in zip(exams, exercises):
        exam["missing_resource"] = not needed <= nodes.keys()
