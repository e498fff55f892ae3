"""Fills a database with the school of bench.lesson.school; runs inside `kolibri manage shell`."""

from __future__ import annotations

from typing import Any

from devtools.channel.exercise import QUESTIONS


def fill(school: dict[str, Any]) -> None:
    """Create coaches, and classes that have a lesson and a quiz each."""
    from kolibri.core.auth.constants.demographics import NOT_SPECIFIED
    from kolibri.core.auth.models import Classroom, Facility
    from kolibri.core.content.models import ContentNode

    facility = Facility.get_default_facility()
    facility.dataset.learner_can_login_with_no_password = True
    facility.dataset.save()
    hashed = _hash(school["password"])
    coaches = _users(facility, school["coaches"], hashed)
    for coach in coaches:
        facility.add_role(coach, "coach")
    # As Kolibri's interface creates learners of a facility that does not require passwords.
    learners = _users(facility, school["learners"], NOT_SPECIFIED)
    older = _users(facility, school["older_learners"], hashed)
    nodes = list(ContentNode.objects.exclude(kind="topic").order_by("lft"))
    size = school["class_size"]
    classes = [learners[first : first + size] for first in range(0, len(learners), size)]
    for number, members in enumerate([*classes, older], 1):
        classroom = Classroom.objects.create(name=f"Class {number}", parent=facility)
        for learner in members:
            classroom.add_member(learner)
        _begin(members[::2], next(node for node in nodes if node.kind == "video"))
        _lesson(school["lesson"], classroom, coaches[0], nodes[: school["resources"]])
        _quiz(classroom, coaches[0], next(node for node in nodes if node.kind == "exercise"))


def _hash(password: str) -> str:
    from django.contrib.auth.hashers import make_password

    hashed: str = make_password(password)
    return hashed


def _users(facility: Any, names: list[str], password: str) -> list[Any]:
    """Accounts with the same stored password, because it takes long to compute a hash."""
    from kolibri.core.auth.models import FacilityUser

    create = FacilityUser.objects.create
    return [
        create(username=name, full_name=name, password=password, facility=facility)
        for name in names
    ]


def _begin(learners: list[Any], video: Any) -> None:
    """Let learners watch half of a video, so that their home page offers to resume it."""
    from kolibri.core.logger.models import ContentSummaryLog
    from kolibri.utils.time_utils import local_now

    for learner in learners:
        ContentSummaryLog.objects.create(
            user=learner,
            content_id=video.content_id,
            channel_id=video.channel_id,
            kind=video.kind,
            start_timestamp=local_now(),
            end_timestamp=local_now(),
            progress=0.5,
            time_spent=5,
        )


def _lesson(title: str, classroom: Any, coach: Any, nodes: list[Any]) -> None:
    from kolibri.core.lessons.models import Lesson, LessonAssignment

    resources = [
        {"contentnode_id": node.id, "content_id": node.content_id, "channel_id": node.channel_id}
        for node in nodes
    ]
    lesson = Lesson.objects.create(
        title=title,
        description="Watch the videos, then do the sums",
        collection=classroom,
        created_by=coach,
        resources=resources,
        is_active=True,
    )
    LessonAssignment.objects.create(lesson=lesson, collection=classroom, assigned_by=coach)


def _quiz(classroom: Any, coach: Any, exercise: Any) -> None:
    from kolibri.core.exams.models import Exam, ExamAssignment

    questions = [
        {
            "exercise_id": exercise.id,
            "question_id": question.id,
            "title": exercise.title,
            "counter_in_exercise": number,
        }
        for number, question in enumerate(QUESTIONS, 1)
    ]
    section = {
        "section_title": "",
        "description": "",
        "learners_see_fixed_order": False,
        "question_count": len(questions),
        "questions": questions,
    }
    quiz = Exam.objects.create(
        title="Sums", question_sources=[section], collection=classroom, creator=coach, active=True
    )
    ExamAssignment.objects.create(exam=quiz, collection=classroom, assigned_by=coach)
