"""A class whose learner has begun lessons and quizzes, made inside Kolibri."""

from __future__ import annotations

from typing import Any

VISITORS = ("admin", "coach", "learner", None)


def make_resources() -> list[dict[str, str]]:
    """Resources of a channel, and one that is not available, as a lesson names them."""
    from kolibri.core.content import models

    channel = "2" * 32
    lang = models.Language.objects.create(id="sw-TZ", lang_code="sw", lang_name="Kiswahili")
    named = {"channel_id": channel, "license_name": "CC BY", "lang": lang}
    root = models.ContentNode.objects.create(
        id="a" * 32,
        content_id="a" * 32,
        kind="topic",
        title="Root",
        available=True,
        tree_id=1,
        lft=1,
        rght=10,
        level=0,
        **named,
    )
    models.ChannelMetadata.objects.create(id=channel, name="Channel", root=root)
    tag = models.ContentTag.objects.create(id="b" * 32, tag_name="counting")
    resources = []
    for number, kind in enumerate(("video", "exercise", "document", "video")):
        names = {"content_id": str(number) * 32, "contentnode_id": f"{number}c" * 16}
        node = models.ContentNode.objects.create(
            id=names["contentnode_id"], content_id=names["content_id"], kind=kind, parent=root,
            title=f"Resource {number}", available=number < 3, learning_activities="w,x", **named,
        )  # fmt: skip
        node.tags.add(tag)
        file = models.LocalFile.objects.create(
            id=f"{number}d" * 16, extension="png", available=True, file_size=100
        )
        models.File.objects.create(
            id=f"{number}e" * 16, contentnode=node, local_file=file, preset="p", thumbnail=True
        )
        if kind == "exercise":
            models.AssessmentMetaData.objects.create(
                id="f" * 32, contentnode=node, assessment_item_ids=["1" * 32],
                number_of_assessments=1, mastery_model={"type": "do_all"},
            )  # fmt: skip
        resources.append({**names, "channel_id": channel})
    return resources


def make_quizzes(classroom: Any, users: dict[str, Any], exercise: str) -> None:
    """Quizzes of a class: open or closed, begun or not, and one whose exercise is missing."""
    from django.utils import timezone
    from kolibri.core.exams.models import Exam, ExamAssignment
    from kolibri.core.logger import models as logs

    learner, now = users["learner"], timezone.now()
    at = {"start_timestamp": now, "end_timestamp": now}
    for number in range(5):
        active, begun = number % 2 == 0, number in {1, 2}
        question = {"exercise_id": exercise if number < 4 else "9" * 32, "question_id": "1" * 32}
        exam = Exam.objects.create(
            title=f"Quiz {number}", question_count=1, question_sources=[question], active=active,
            collection=classroom, creator=users["admin"], data_model_version=2,
        )  # fmt: skip
        ExamAssignment.objects.create(exam=exam, collection=classroom, assigned_by=users["admin"])
        if not begun:
            continue
        work = {"content_id": exam.id, "user": learner, "kind": "quiz", **at}
        summary = logs.ContentSummaryLog.objects.create(**work)
        session = logs.ContentSessionLog.objects.create(**work)
        mastery = logs.MasteryLog.objects.create(
            summarylog=summary, user=learner, mastery_level=-number, complete=number == 1, **at
        )
        for item in ("one", "two"):
            logs.AttemptLog.objects.create(
                masterylog=mastery, sessionlog=session, user=learner, item=item,
                correct=item == "one", **at,
            )  # fmt: skip


def make_world() -> dict[str, Any]:
    """A class with a coach and a learner who has started a lesson."""
    from django.utils import timezone
    from kolibri.core.auth.models import Classroom, Facility, FacilityUser, LearnerGroup
    from kolibri.core.lessons.models import Lesson, LessonAssignment
    from kolibri.core.logger.models import ContentSummaryLog

    facility = Facility.get_default_facility()
    users = {name: FacilityUser.objects.get(username=name) for name in ("admin", "learner")}
    users["coach"] = FacilityUser.objects.create_user("coach", password="c", facility=facility)
    classroom = Classroom.objects.create(name="Class", parent=facility)
    classroom.add_member(users["learner"])
    classroom.add_coach(users["coach"])
    resources = make_resources()
    node = resources[1]
    lesson = Lesson.objects.create(
        title="Lesson", is_active=True, collection=classroom, created_by=users["admin"],
        resources=resources,
    )  # fmt: skip
    LessonAssignment.objects.create(lesson=lesson, collection=classroom, assigned_by=users["admin"])
    group = LearnerGroup.objects.create(name="Group", parent=classroom)
    group.add_member(users["learner"])
    for title, collection in (("Of the group", group), ("Hidden", classroom)):
        other = Lesson.objects.create(
            title=title, is_active=title != "Hidden", collection=classroom,
            created_by=users["admin"], resources=resources[:1],
        )  # fmt: skip
        LessonAssignment.objects.create(
            lesson=other, collection=collection, assigned_by=users["admin"]
        )
    make_quizzes(classroom, users, node["contentnode_id"])
    log = ContentSummaryLog.objects.create(
        user=users["learner"], content_id=node["content_id"], channel_id=node["channel_id"],
        start_timestamp=timezone.now(), kind="video", progress=0.5,
    )  # fmt: skip
    ids = {"facility": facility.id, "classroom": classroom.id, "lesson": lesson.id}
    ids["learner"] = users["learner"].id
    return {"users": users, "facility": facility, "lesson": lesson, "log": log, "ids": ids}
