"""Calls Kolibri's own functions, and the plugin's wrappers around them, with the same arguments.

Runs inside Kolibri, on a copy of a database, and prints the answers. Both must give the same ones;
the plugin's intended changes have their own tests.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable
from unittest import mock

QUESTIONS: dict[str, Callable[..., Any]] = {}

#: Functions that nearly every request uses; their answers over HTTP are compared too.
ASKED_BY_ALL_PAGES = (
    "kolibri.core.auth.backends.FacilityUserBackend.get_user",
    "django.urls.resolvers.URLResolver.resolve",
    "kolibri.core.device.translation.get_device_language",
)
#: Functions of the pages of learners.
ASKED_BY_LEARNERS = (
    "kolibri.plugins.learn.viewsets._map_contentnodes",
    "kolibri.plugins.learn.viewsets._consolidate_lessons_data",
    "kolibri.plugins.learn.viewsets.LearnerClassroomViewset.consolidate",
    "kolibri.core.content.api.UserContentNodeViewset.list",
    "kolibri.core.content.api.ContentNodeProgressViewset.generate_response",
    "kolibri.core.content.api.ContentNodeProgressViewset.list",
    "kolibri.core.logger.api.TotalContentProgressViewSet.retrieve",
)
ASKED_OVER_HTTP = {*ASKED_BY_ALL_PAGES, *ASKED_BY_LEARNERS}
VISITORS = ("admin", "coach", "learner", None)
PATHS = (
    "/",
    "/en/auth/",
    "/fr-fr/learn/",
    "/learn/",
    "/none/",
    "/api/auth/facilityuser/",
    "/api/auth/facilityuser/?search=lea",
    "/api/auth/facilityuser/?member_of={classroom}",
    "/api/auth/classroom/?parent={facility}",
    "/api/auth/membership/",
    "/api/auth/role/",
    "/api/auth/facilitydataset/",
    "/api/lessons/lesson/?classid={classroom}",
    "/api/exams/exam/",
    "/api/logger/contentsummarylog/",
    "/api/device/devicesettings/",
    "/facility/api/exportedcsvinfo/{facility}/",
    "/learn/api/state",
)
LEARNERS_PATHS = (
    "/learn/api/homehydrate/",
    "/learn/api/learnerclassroom/",
    "/learn/api/learnerlesson/{lesson}/",
    "/learn/api/learnerlesson/{lesson}/?no_available_filtering=true",
    "/api/content/usercontentnode/?lesson={lesson}",
    "/api/content/usercontentnode/?resume=true&max_results=2&ordering=-last_interacted",
    "/api/content/usercontentnode/?kind=video&parent__isnull=false&learner_needs=x",
    "/api/content/usercontentnode/?kind=none&ids=none",
    "/api/content/contentnodeprogress/?lesson={lesson}",
    "/api/content/contentnodeprogress/?resume=true&max_results=2&ordering=-last_interacted",
    "/api/logger/userprogress/{learner}/",
)
#: Tokens against forged requests, which differ in each answer.
TOKENS = re.compile(rb"(csrf|nonce)[^>]{0,200}")


def asks(place: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The calls for a function, by module and name; each receives the function."""

    def keep(question: Callable[..., Any]) -> Callable[..., Any]:
        QUESTIONS[place] = question
        return question

    return keep


def report() -> None:
    """Print the answers of stock and wrapped function for each place."""
    from kolibri_azure_plugin.kolibri_patches.tables import PATCHES

    world = make_world()
    answers = {}
    for patch in PATCHES:
        place = f"{patch.module}.{patch.name}"
        if place in answers or (place not in QUESTIONS and place not in ASKED_OVER_HTTP):
            continue
        functions = (patch.original, patch.current)
        answers[place] = [
            (directly(place, function, world), over_http(patch, function, world))
            for function in functions
        ]
    sys.stdout.write(f"ANSWERS {json.dumps(answers, default=str)}\n")


def directly(place: str, function: Callable[..., Any], world: dict[str, Any]) -> Any:
    """The answers of a function called directly. Its changes are rolled back."""
    from django.db import transaction

    if place not in QUESTIONS:
        return None
    with transaction.atomic():
        answer = QUESTIONS[place](function, world)
        transaction.set_rollback(True)
    return answer


@contextlib.contextmanager
def in_place(patch: Any, function: Callable[..., Any]) -> Iterator[None]:
    """Kolibri with this function in place of the patched one."""
    owner, name = patch.place
    kept = vars(owner)[name]
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def over_http(patch: Any, function: Callable[..., Any], world: dict[str, Any]) -> Any:
    """Kolibri's answers to visitors with this function in place of the patched one."""
    from django.core.cache import cache
    from django.test import Client

    place = f"{patch.module}.{patch.name}"
    if place not in ASKED_OVER_HTTP:
        return None
    paths = (
        *(PATHS if place in ASKED_BY_ALL_PAGES else ()),
        *(LEARNERS_PATHS if place in ASKED_BY_LEARNERS else ()),
    )
    answers = {}
    with in_place(patch, function):
        for visitor in VISITORS:
            cache.clear()
            client = Client(HTTP_HOST="localhost")
            if visitor:
                client.force_login(world["users"][visitor])
            for path in paths:
                answer = client.get(path.format(**world["ids"]))
                digest = hashlib.sha256(TOKENS.sub(b"", answer.getvalue())).hexdigest()[:12]
                answers[f"{visitor} {path}"] = (answer.status_code, answer.get("Location"), digest)
    return answers


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


def raised_or(function: Callable[..., Any], *arguments: Any) -> Any:
    """An answer, or the exception that was raised."""
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - stock and wrapped have to raise the same
        return f"{type(error).__name__}: {error}"


def fields_of(instance: Any) -> dict[str, Any]:
    """A record's values, without the time of the last sign-in, which HTTP requests change."""
    names = (field.attname for field in instance._meta.fields if field.name != "last_login")
    return {name: getattr(instance, name) for name in names}


@asks("kolibri.core.device.models.DeviceSettings.from_db")
def read_settings(from_db: Any, _world: Any) -> Any:
    from kolibri.core.device.models import DeviceSettings

    names = [field.attname for field in DeviceSettings._meta.concrete_fields]
    values = DeviceSettings.objects.values_list(*names).get()
    make = getattr(from_db, "__func__", from_db)
    return fields_of(make(DeviceSettings, "default", names, values))


@asks("kolibri.core.device.models.DeviceSettings.save")
def save_settings(save: Any, _world: Any) -> Any:
    from kolibri.core.device.models import DeviceSettings

    settings = DeviceSettings.objects.get()
    settings.name, settings.allow_guest_access = "Renamed", True
    save(settings)
    return fields_of(DeviceSettings.objects.get())


@asks("kolibri.core.auth.backends.FacilityUserBackend.get_user")
def find_user(get_user: Any, world: Any) -> Any:
    from kolibri.core.auth.backends import FacilityUserBackend

    backend = FacilityUserBackend()
    found = [get_user(backend, user.id) for user in world["users"].values()]
    rights = [
        (user.is_superuser, user.can_manage_content, sorted(user.roles.values_list("kind")))
        for user in found
    ]
    return [fields_of(user) for user in found], rights, get_user(backend, "0" * 32)


@asks("kolibri.core.auth.api.SessionViewSet.get_session_response")
def keep_session(respond: Any, world: Any) -> Any:
    from kolibri.core.auth.api import SessionViewSet
    from kolibri.core.auth.backends import FacilityUserBackend
    from kolibri.core.auth.models import KolibriAnonymousUser
    from kolibri.core.logger.models import UserSessionLog
    from rest_framework.test import APIRequestFactory, force_authenticate

    answers = []
    update = SessionViewSet.as_view({"put": "update"})
    with mock.patch.object(SessionViewSet, "get_session_response", respond):
        for visitor in VISITORS:
            user = KolibriAnonymousUser()
            if visitor:
                user = FacilityUserBackend().get_user(world["users"][visitor].id)
            for active in (False, True, True):
                body = {"active": active, "os": {"name": "Linux"}, "browser": {"name": "Chromium"}}
                request = APIRequestFactory().put("/", body, format="json")
                request.session = {}
                force_authenticate(request, user)
                answers.append({**update(request).data, "server_time": None})
    kept = UserSessionLog.objects.order_by("user__username")
    return answers, list(kept.values("user_id", "dataset_id", "device_info", "_morango_partition"))


@asks("kolibri.core.device.translation.get_device_language")
def device_language(function: Any, _world: Any) -> Any:
    return function(), function()


@asks("kolibri.core.notifications.api.get_assignments")
def assignments(function: Any, world: Any) -> Any:
    users = world["users"].values()
    return [[list(function(user, world["log"], attempt)) for user in users] for attempt in (0, 1)]


@asks("kolibri.core.notifications.api._get_coach_lesson_dict")
def coach_lesson(function: Any, world: Any) -> Any:
    return function(world["lesson"].id)


@asks("kolibri.core.notifications.api.exist_exam_notification")
@asks("kolibri.core.notifications.api.exist_examattempt_notification")
@asks("kolibri.core.notifications.api.exist_exam_completed_notification")
def is_notified(function: Any, world: Any) -> Any:
    from kolibri.core.notifications import models

    learner, told, untold = world["users"]["learner"].id, "4" * 32, "5" * 32
    for event in ("Started", "Answered", "Completed"):
        models.LearnerProgressNotification.objects.create(
            user_id=learner, quiz_id=told, notification_event=event, classroom_id="6" * 32,
            notification_object="Quiz", reason="Completed",
        )  # fmt: skip
    return [function(learner, quiz) for quiz in (told, untold, told)]


@asks("kolibri.core.logger.tasks.get_valid_filenames")
def valid_names(function: Any, _world: Any) -> Any:
    from django.core.files.storage import default_storage

    Path(default_storage.path("log_export")).mkdir(parents=True, exist_ok=True)
    return sorted(function())


@asks("kolibri.plugins.facility.views.FileResponse")
def download(answer: Any, _world: Any) -> Any:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(b"Username\n")
        file.flush()
        response = answer(Path(file.name).open("rb"))  # noqa: SIM115 - the answer closes it
        response.headers["Content-Type"] = "text/csv"
        kept = {name: value for name, value in response.items() if name != "Content-Disposition"}
        return response.status_code, kept, response.getvalue().decode()


@asks("kolibri.core.content.utils.channel_import.clean_csv_value")
def written(clean: Any, _world: Any) -> Any:
    return [clean(value) for value in (None, 5, 0.5, True, "", "a title", "é", "two\nlines\tmore")]


@asks("kolibri.core.auth.models.FacilityUser.save")
def save_user(save: Any, world: Any) -> Any:
    from kolibri.core.auth.models import FacilityUser

    user = FacilityUser(username="new", full_name="New", facility=world["facility"])
    user.set_unusable_password()
    save(user)
    user.full_name = "Newer"
    save(user)
    refused = raised_or(save, FacilityUser(username="x" * 300, full_name="Too long"))
    saved = fields_of(FacilityUser.objects.get(username="new"))
    return [saved[name] for name in ("username", "full_name", "dataset_id")], type(refused).__name__


@asks("kolibri.core.auth.management.commands.bulkimportusers.open_csv_for_reading")
def read_list(open_list: Any, _world: Any) -> Any:
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8-sig") as file:
        file.write("Username,Full name\nnew,Né\n")
        file.flush()
        with open_list(local_filepath=file.name) as lines:
            return list(lines)


@asks("morango.models.core.SyncableModel.deserialize")
def synced(deserialize: Any, world: Any) -> Any:
    make = getattr(deserialize, "__func__", deserialize)
    things = (*world["users"].values(), world["log"], world["lesson"], world["facility"])
    return [fields_of(make(type(thing), thing.serialize())) for thing in things]


@asks("kolibri.core.logger.api.InteractionSerializer.validate")
def answered(validate: Any, _world: Any) -> Any:
    answer = {"item": "question", "error": False, "answer": {"a": 1}, "simple_answer": "one"}
    wrong = {"item": "question", "error": False}
    return [raised_or(validate, None, dict(each)) for each in (answer, wrong)]
