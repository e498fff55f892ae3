"""Asks what a coach's page of a class asks, as everybody who could; runs inside Kolibri.

The class has all that Kolibri distinguishes: groups, learners who were deleted, drafts of quizzes,
tries, notifications, and learners with devices of their own.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

from tests.integration.class_world import make_world
from tests.integration.stock_and_patched import in_place

NOW = dt.datetime(2026, 5, 4, 9, 0, tzinfo=dt.timezone.utc)

CLASS_PATHS = (
    "/coach/api/classsummary/{0}/",
    "/coach/api/notifications/?classroom_id={0}",
    "/coach/api/notifications/?classroom_id={0}&after=2026-05-04T09:00:30Z",
    "/coach/api/notifications/?classroom_id={0}&limit=1",
    "/coach/api/notifications/?classroom_id={0}&after=never",
    "/api/device/usersyncstatus/?member_of={0}",
    "/api/lessons/lesson/size/?collection={0}",
    "/api/exams/exam/size/?collection={0}",
)
OTHER_PATHS = (
    "/coach/api/notifications/",
    "/api/device/usersyncstatus/",
    "/api/device/usersyncstatus/?user={learner}",
    "/api/device/usersyncstatus/?member_of={class}&user={learner}",
    "/api/lessons/lesson/size/",
    "/api/lessons/lesson/size/?collection={class}&id={lesson}",
    "/api/lessons/lesson/size/?collection={class}&collection={other}",
    "/api/exams/exam/size/",
)

#: The answers that Kolibri lists in no order, and the parts of a class's summary that it does.
UNORDERED = ("/api/exams/", "/api/device/")
UNORDERED_PARTS = ("coaches", "learners", "groups", "adhoclearners", "content_learner_status")


def make_class() -> dict[str, Any]:
    """The world of stock_and_patched, and more in its class; another class; more coaches."""
    from kolibri.core.auth.models import AdHocGroup, Classroom, FacilityUser, LearnerGroup
    from kolibri.core.content.models import ContentNode

    world = make_world()
    users, facility = world["users"], world["facility"]
    classroom = Classroom.objects.get(name="Class")
    names = ("facility admin", "facility coach", "coach of another class", "classmate", "other")
    for name in names:
        users[name] = FacilityUser.objects.create_user(
            name.replace(" ", ""), password="x" * 9, facility=facility
        )
    facility.add_role(users["facility admin"], "admin")
    facility.add_role(users["facility coach"], "coach")
    other = Classroom.objects.create(name="Other", parent=facility)
    other.add_coach(users["coach of another class"])
    other.add_member(users["other"])
    group = LearnerGroup.objects.get(name="Group")
    adhoc = AdHocGroup.objects.create(name="Ad hoc", parent=classroom)
    gone = FacilityUser.objects.create_user("gone", password="x" * 9, facility=facility)
    for each in (users["classmate"], gone):
        classroom.add_member(each)
        group.add_member(each)
        adhoc.add_member(each)
    gone.date_deleted = NOW
    gone.save()
    for position, node in enumerate(ContentNode.objects.order_by("id")):
        ContentNode.objects.filter(pk=node.pk).update(lft=position, options={"position": position})
    _assign(world, classroom, adhoc)
    _assign(world, other, other)
    _work(world, classroom)
    _own_devices(users["classmate"], facility)
    return {
        **world,
        "classroom": classroom,
        "other": other,
        "classes": [classroom.id, other.id, group.id, facility.id, uuid.uuid4().hex, "none"],
        "names": {
            "class": classroom.id,
            "other": other.id,
            "lesson": world["lesson"].id,
            "learner": users["learner"].id,
        },
    }


def _assign(world: dict[str, Any], classroom: Any, group: Any) -> None:
    """A lesson and a quiz for a group, and the draft of a quiz."""
    from kolibri.core.exams.models import DraftExam, Exam, ExamAssignment
    from kolibri.core.lessons.models import Lesson, LessonAssignment

    users, resources = world["users"], world["lesson"].resources
    by = {"assigned_by": users["admin"], "collection": group}
    lesson = Lesson.objects.create(
        title="For some", collection=classroom, created_by=users["admin"], resources=resources[:2]
    )
    LessonAssignment.objects.create(lesson=lesson, **by)
    questions = [{"exercise_id": resources[1]["contentnode_id"], "question_id": "1" * 32}]
    quiz = {
        "collection": classroom,
        "creator": users["admin"],
        "question_sources": [{"section_title": "", "questions": questions}],
    }
    ExamAssignment.objects.create(exam=Exam.objects.create(title="For some", **quiz), **by)
    DraftExam.objects.create(title="Draft", learner_ids=[users["classmate"].id, "8" * 32], **quiz)


def _work(world: dict[str, Any], classroom: Any) -> None:
    """Two tries of a practice quiz, and notifications about it."""
    from kolibri.core.logger import models as logs
    from kolibri.core.notifications.models import LearnerProgressNotification

    classmate, resource = world["users"]["classmate"], world["lesson"].resources[1]
    at = {"start_timestamp": NOW, "end_timestamp": NOW}
    work = {"content_id": resource["content_id"], "user": classmate, "kind": "exercise"}
    summary = logs.ContentSummaryLog.objects.create(**work, progress=0.5, time_spent=7.0, **at)
    session = logs.ContentSessionLog.objects.create(**work, **at)
    for number in (1, 2):
        later = {"start_timestamp": NOW, "end_timestamp": NOW + dt.timedelta(minutes=number)}
        tried = logs.MasteryLog.objects.create(
            summarylog=summary, user=classmate, mastery_level=-number, complete=True, **later
        )
        for item in ("one", "two"):
            logs.AttemptLog.objects.create(
                masterylog=tried, sessionlog=session, user=classmate, item=item,
                correct=number == 2 or item == "one", **later,
            )  # fmt: skip
    for number, event in enumerate(("Completed", "HelpNeeded")):
        LearnerProgressNotification.objects.create(
            user_id=classmate.id, classroom_id=classroom.id, notification_event=event,
            notification_object="Resource", lesson_id=world["lesson"].id,
            contentnode_id=resource["contentnode_id"], timestamp=NOW + dt.timedelta(minutes=number),
        )  # fmt: skip


def _own_devices(learner: Any, facility: Any) -> None:
    """A learner whose own device was just synced, and who has downloads there."""
    from django.utils import timezone
    from kolibri.core.content.models import ContentDownloadRequest
    from kolibri.core.device.models import LearnerDeviceStatus, UserSyncStatus
    from morango.models import SyncSession  # type: ignore[import-not-found]

    device = "7" * 32
    session = SyncSession.objects.create(
        id="6" * 32, last_activity_timestamp=timezone.now(), client_instance_id=device
    )
    UserSyncStatus.objects.create(user=learner, sync_session=session, status="QUEUED")
    LearnerDeviceStatus.objects.create(
        user=learner, instance_id=device, status="InsufficientStorage", status_sentiment=-1
    )
    ContentDownloadRequest.objects.create(
        facility=facility, source_model="facilityuser", source_id=learner.id,
        contentnode_id="5" * 32, reason="UserInitiated", status="PENDING",
    )  # fmt: skip


def coaching_patches() -> list[Any]:
    """The patches of pages for coaches."""
    from kolibri_azure_plugin.kolibri_patches.tables import coaching

    return list(coaching.PATCHES)


@contextlib.contextmanager
def stock() -> Iterator[None]:
    """Kolibri without these patches."""
    with contextlib.ExitStack() as stack:
        for patch in coaching_patches():
            stack.enter_context(in_place(patch, patch.original))
        yield


def client_of(user: Any) -> Any:
    """The browser of a user; that of a visitor for None."""
    from django.test import Client

    client = Client(HTTP_HOST="localhost", raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Any, path: str) -> tuple[int, str]:
    """Status and body of an answer, in an order if Kolibri has none."""
    answer = client.get(path)
    body = answer.content.decode()
    if answer.status_code == 200:
        found = json.loads(body)
        if path.startswith(UNORDERED):
            found.sort(key=json.dumps)
            body = json.dumps(found)
        elif "classsummary" in path:
            for part in UNORDERED_PARTS:
                found[part].sort(key=json.dumps)
            body = json.dumps(found)
    return answer.status_code, body


def ask_all(world: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """The answers to everybody, for all classes."""
    from kolibri.core.notifications.models import NotificationsLog

    here, there, *others = world["classes"]
    paths = [path.format(each) for each in (here, there) for path in CLASS_PATHS]
    paths += [path.format(each) for each in others for path in CLASS_PATHS[::5]]
    paths += [path.format(**world["names"]) for path in OTHER_PATHS]
    answers = {}
    for name, user in {**world["users"], "visitor": None}.items():
        NotificationsLog.objects.all().delete()
        client = client_of(user)
        for path in paths:
            answers[f"{name} {path}"] = ask(client, path)
    return answers


def poll(world: dict[str, Any]) -> list[tuple[int, int]]:
    """The coaches who are polling as each of twelve is told, and the rows that are noted then."""
    from kolibri.core.auth.models import FacilityUser
    from kolibri.core.notifications.models import NotificationsLog
    from kolibri.utils.time_utils import local_now

    NotificationsLog.objects.all().delete()
    earlier = local_now() - dt.timedelta(minutes=6)
    NotificationsLog.objects.create(coach_id="3" * 32, timestamp=earlier)
    found = []
    for number in range(12):
        users = FacilityUser.objects.filter(username=f"coach{number}")
        coach = users.first() or FacilityUser.objects.create_user(
            f"coach{number}", password="x" * 9, facility=world["facility"]
        )
        world["classroom"].add_coach(coach)
        path = f"/coach/api/notifications/?classroom_id={world['classroom'].id}"
        client = client_of(coach)
        for _ in range(2):
            _, body = ask(client, path)
            found.append((json.loads(body)["coaches_polling"], NotificationsLog.objects.count()))
    return found
