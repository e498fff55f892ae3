"""What there is in the Kolibri that edge_questions.py asks, and what can be written into it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from edge_values import VALUES
from kolibri.core.auth.models import Classroom, Facility, FacilityUser, LearnerGroup
from kolibri.core.bookmarks.models import Bookmark
from kolibri.core.content.models import ChannelMetadata, ContentNode
from kolibri.core.device.models import DevicePermissions
from kolibri.core.discovery.models import NetworkLocation, PinnedDevice
from kolibri.core.exams.models import Exam
from kolibri.core.lessons.models import Lesson
from kolibri.core.logger.models import UserSessionLog


def identity(number: int) -> str:
    return f"{number:032x}"


CHANNEL, ROOT, EXERCISE, CONTENT = (identity(number) for number in range(1, 5))

#: Names that have to be new each time.
NEW = ("username", "name", "title")


@dataclass
class Body:
    """What can be sent to an address; strings in braces are attributes of Objects."""

    method: str
    path: str
    fields: dict[str, Any]
    user: str = "admin"
    #: The fields of one answer, where they are what is changed.
    inside: str = ""
    always: dict[str, Any] = field(default_factory=dict)


PERSON = {
    "username": "name",
    "full_name": "f",
    "password": "p",
    "facility": "{facility}",
    "id_number": "1",
    "gender": "",
    "birth_year": "2000",
}
ANSWER = {
    "item": "i",
    "correct": 1,
    "complete": True,
    "time_spent": 1,
    "answer": {"a": 1},
    "simple_answer": "x",
    "error": False,
    "hinted": False,
}
PROGRESS = {
    "progress_delta": 0.1,
    "time_spent_delta": 1,
    "extra_fields": {},
    "interactions": [ANSWER],
}
QUESTION = {
    "exercise_id": EXERCISE,
    "question_id": identity(21),
    "title": "q",
    "counter_in_exercise": 1,
    "item": "a:b",
}
SECTION = {
    "section_id": identity(20),
    "section_title": "s",
    "description": "d",
    "resource_pool": [],
    "questions": [QUESTION],
    "learners_see_fixed_order": False,
    "question_count": 1,
}
RESOURCE = {"contentnode_id": EXERCISE, "content_id": CONTENT, "channel_id": CHANNEL}
FOR_A_CLASS = {"collection": "{classroom}", "assignments": ["{classroom}"], "learner_ids": []}
START = {
    "node_id": EXERCISE,
    "content_id": CONTENT,
    "channel_id": CHANNEL,
    "kind": "exercise",
    "mastery_model": {"type": "m_of_n", "m": 1, "n": 2},
    "repeat": False,
}
VISIT = {"active": True, "os": {"name": "o"}, "browser": {"name": "b"}}
SESSION = "/api/logger/trackprogress/{session}/"

BODIES = {
    "user": Body("POST", "/api/auth/facilityuser/", {**PERSON, "extra_demographics": {}}),
    "sign-up": Body("POST", "/api/auth/signup/", PERSON),
    "public sign-up": Body("POST", "/api/public/signup/", PERSON),
    "class": Body("POST", "/api/auth/classroom/", {"name": "n", "parent": "{facility}"}),
    "group": Body("POST", "/api/auth/learnergroup/", {"name": "n", "parent": "{classroom}"}),
    "membership": Body(
        "POST", "/api/auth/membership/", {"user": "{learner}", "collection": "{classroom}"}
    ),
    "role": Body(
        "POST",
        "/api/auth/role/",
        {"user": "{learner}", "collection": "{classroom}", "kind": "coach"},
    ),
    "facility": Body(
        "POST", "/api/auth/facility/create_facility/", {"name": "n", "preset": "formal"}
    ),
    "lesson": Body(
        "POST",
        "/api/lessons/lesson/",
        {"title": "t", "description": "d", "resources": [RESOURCE], **FOR_A_CLASS},
    ),
    "quiz": Body(
        "POST",
        "/api/exams/exam/",
        {
            "title": "t",
            "question_count": 1,
            "question_sources": [SECTION],
            "seed": 1,
            "learners_see_fixed_order": True,
            "draft": False,
            **FOR_A_CLASS,
        },
    ),
    "section of a quiz": Body(
        "POST",
        "/api/exams/exam/",
        SECTION,
        inside="question_sources",
        always={"title": "t", "question_count": 1, "draft": False, **FOR_A_CLASS},
    ),
    "bookmark": Body(
        "POST", "/api/bookmarks/bookmarks/", {"contentnode_id": EXERCISE, "user": "{admin}"}
    ),
    "sign-in": Body(
        "POST",
        "/api/auth/session/",
        {"username": "n", "password": "p", "facility": "{facility}", "auth_token": "x"},
    ),
    "free name": Body(
        "POST", "/api/auth/usernameavailable", {"username": "n", "facility": "{facility}"}
    ),
    "pinned device": Body("POST", "/api/discovery/pinned_devices/", {"instance_id": identity(33)}),
    "rights": Body(
        "POST",
        "/api/device/devicepermissions/",
        {"user": "{learner}", "is_superuser": False, "can_manage_content": True},
    ),
    "job": Body(
        "POST",
        "/api/tasks/tasks/",
        {
            "type": "kolibri.core.auth.tasks.exportuserstocsv",
            "facility": "{facility}",
            "locale": "en",
        },
    ),
    "start": Body("POST", "/api/logger/trackprogress/", START, "learner"),
    "visit": Body("PUT", "/api/auth/session/current/", VISIT),
    "progress": Body("PUT", SESSION, PROGRESS, "learner"),
    "answer": Body("PUT", SESSION, ANSWER, "learner", inside="interactions"),
}


class Objects:
    """One of each kind that can be changed."""

    def __init__(self) -> None:
        # A sync may have brought another facility, with an administrator of its own.
        self.admin = FacilityUser.objects.get(devicepermissions__is_superuser=True)
        self.facility = Facility.objects.get(id=self.admin.facility_id)
        self.learner = FacilityUser.objects.create_user(
            "asked", password="p", facility=self.facility
        )
        self.classroom = Classroom.objects.create(name="Asked", parent=self.facility)
        self.group = LearnerGroup.objects.create(name="Asked", parent=self.classroom)
        self.classroom.add_member(self.learner)
        self.group.add_member(self.learner)
        in_class = {"collection": self.classroom}
        self.lesson = Lesson.objects.create(title="Asked", created_by=self.admin, **in_class)
        self.quiz = Exam.objects.create(
            title="Asked", creator=self.admin, question_count=1, question_sources=[], **in_class
        )
        content = {"channel_id": CHANNEL, "available": True}
        ContentNode.objects.create(id=ROOT, content_id=ROOT, title="Root", kind="topic", **content)
        ContentNode.objects.create(
            id=EXERCISE, content_id=CONTENT, title="E", kind="exercise", parent_id=ROOT, **content
        )
        ChannelMetadata.objects.create(id=CHANNEL, name="C", root_id=ROOT, min_schema_version="1")
        self.bookmark = Bookmark.objects.create(user=self.learner, contentnode_id=ROOT)
        self.pinned = PinnedDevice.objects.create(user=self.admin, instance_id=identity(9))
        self.location = NetworkLocation.objects.create(base_url="http://127.0.0.1:9", nickname="n")
        self.rights = DevicePermissions.objects.create(user=self.learner)
        client = Client()
        client.force_login(self.learner)
        started = client.post(
            "/api/logger/trackprogress/", json.dumps(START), content_type="application/json"
        )
        self.session = started.json()["session_id"]
        self._numbers = itertools.count()

    def written(self, body: Body) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each field with each value: a name for it, the address, and what is sent there."""
        path = body.path.format(session=self.session)
        for name in body.fields:
            for kind, value in VALUES.items():
                fields = {**self._filled(body.fields), name: value}
                for each in NEW:
                    if isinstance(fields.get(each), str):
                        fields[each] += str(next(self._numbers))
                if body.fields is VISIT:
                    # Kolibri notes one visit in five minutes.
                    UserSessionLog.objects.all().delete()
                    fields[name] = value if name == "active" else {"name": value, "major": value}
                if body.inside:
                    fields = {**self._filled(body.always), body.inside: [fields]}
                yield f"{name}={kind}", path, fields

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, str) and value.startswith("{"):
            return getattr(self, value.strip("{}")).id
        return value

    def of(self, model: type | None) -> Any:
        """The object of a kind that is changed; None without one."""
        return next((each for each in vars(self).values() if type(each) is model), None)

    def required(self, parameter: str) -> str:
        """A good value for what some views ask for."""
        good = {
            "classroom_id": self.classroom.id,
            "user": self.learner.id,
            "content": CONTENT,
            "search": "a",
            "max_results": "30",
        }
        return good.get(parameter, "")
