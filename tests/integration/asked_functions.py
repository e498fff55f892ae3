"""Calls of Kolibri's own functions with arguments from a class, so that answers can be compared.

Runs inside Kolibri.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from .class_world import VISITORS

QUESTIONS: dict[str, Callable[..., Any]] = {}


def asks(place: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The calls for a function, by module and name; each receives the function."""

    def keep(question: Callable[..., Any]) -> Callable[..., Any]:
        QUESTIONS[place] = question
        return question

    return keep


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
