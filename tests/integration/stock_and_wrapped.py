"""Asks Kolibri's own functions, and what the plugin has put around them, the same questions.

Runs inside Kolibri, on a database of its own, and prints the answers. What is asked here is what
both must answer alike; for what the plugin changes on purpose there are tests of their own.
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

QUESTIONS: dict[str, Callable[..., Any]] = {}

#: Whose answers over HTTP depend on a function that nearly every request comes through.
ASKED_OVER_HTTP = (
    "kolibri.core.auth.backends.FacilityUserBackend.get_user",
    "kolibri.core.auth.permissions.general._user_is_admin_for_own_facility",
    "kolibri.core.auth.permissions.base.RoleBasedPermissions.readable_by_user_filter",
    "django_filters.rest_framework.backends.DjangoFilterBackend.filter_queryset",
    "django.urls.resolvers.URLResolver.resolve",
    "kolibri.core.device.translation.get_device_language",
)
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
#: Of each answer its own: tokens against forged requests.
TOKENS = re.compile(rb"(csrf|nonce)[^>]{0,200}")


def asks(place: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What a function is asked, by module and name; the function is given."""

    def keep(question: Callable[..., Any]) -> Callable[..., Any]:
        QUESTIONS[place] = question
        return question

    return keep


def report() -> None:
    """Print, for each place, what stock and wrapped answer."""
    from kolibri_azure_plugin.kolibri_patches import PATCHES

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
    """What a function answers by itself; whatever it changes is undone."""
    from django.db import transaction

    if place not in QUESTIONS:
        return None
    with transaction.atomic():
        answer = QUESTIONS[place](function, world)
        transaction.set_rollback(True)
    return answer


@contextlib.contextmanager
def in_place(patch: Any, function: Callable[..., Any]) -> Iterator[None]:
    """Kolibri with this function where the patch is."""
    owner, name = patch.place
    kept = vars(owner)[name]
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def over_http(patch: Any, function: Callable[..., Any], world: dict[str, Any]) -> Any:
    """What Kolibri answers to visitors while this function is where the patch is."""
    from django.core.cache import cache
    from django.test import Client

    if f"{patch.module}.{patch.name}" not in ASKED_OVER_HTTP:
        return None
    answers = {}
    with in_place(patch, function):
        for visitor in VISITORS:
            cache.clear()
            client = Client(HTTP_HOST="localhost")
            if visitor:
                client.force_login(world["users"][visitor])
            for path in PATHS:
                answer = client.get(path.format(**world["ids"]))
                digest = hashlib.sha256(TOKENS.sub(b"", answer.getvalue())).hexdigest()[:12]
                answers[f"{visitor} {path}"] = (answer.status_code, answer.get("Location"), digest)
    return answers


def make_world() -> dict[str, Any]:
    """A class with a coach and a learner, who has begun a lesson."""
    from django.utils import timezone
    from kolibri.core.auth.models import Classroom, Facility, FacilityUser
    from kolibri.core.lessons.models import Lesson, LessonAssignment
    from kolibri.core.logger.models import ContentSummaryLog

    facility = Facility.get_default_facility()
    users = {name: FacilityUser.objects.get(username=name) for name in ("admin", "learner")}
    users["coach"] = FacilityUser.objects.create_user("coach", password="c", facility=facility)
    classroom = Classroom.objects.create(name="Class", parent=facility)
    classroom.add_member(users["learner"])
    classroom.add_coach(users["coach"])
    node = {"content_id": "1" * 32, "channel_id": "2" * 32, "contentnode_id": "3" * 32}
    lesson = Lesson.objects.create(
        title="Lesson", is_active=True, collection=classroom, created_by=users["admin"],
        resources=[node],
    )  # fmt: skip
    LessonAssignment.objects.create(lesson=lesson, collection=classroom, assigned_by=users["admin"])
    log = ContentSummaryLog.objects.create(
        user=users["learner"], content_id=node["content_id"], channel_id=node["channel_id"],
        start_timestamp=timezone.now(), kind="video", progress=0.5,
    )  # fmt: skip
    ids = {"facility": facility.id, "classroom": classroom.id}
    return {"users": users, "facility": facility, "lesson": lesson, "log": log, "ids": ids}


def raised_or(function: Callable[..., Any], *arguments: Any) -> Any:
    """An answer, or what was raised in its place."""
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - stock and wrapped have to raise the same
        return f"{type(error).__name__}: {error}"


def fields_of(instance: Any) -> dict[str, Any]:
    """What a record holds, without the time of a sign-in: those over HTTP come in between."""
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


@asks("kolibri.core.auth.permissions.general._user_is_admin_for_own_facility")
def is_admin(function: Any, world: Any) -> Any:
    from kolibri.core.auth.models import KolibriAnonymousUser

    objects = (None, world["facility"], world["users"]["learner"])
    users = (*world["users"].values(), KolibriAnonymousUser())
    return [raised_or(function, user, thing) for user in users for thing in objects]


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
