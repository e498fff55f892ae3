"""A class with lessons, a quiz and a course; the work of a learner; the coach's notifications.

It works with any Kolibri, because the scripts run in `kolibri manage shell`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devtools.kolibri_client import KolibriClient

TRACK = "/api/logger/trackprogress/"
PASSWORD = "a-learner's-password"
MASTERY = {"type": "m_of_n", "m": 3, "n": 5}

#: Seconds for a question: less than for a request, so that events keep the order of requests.
SPENT = 0.001

#: Wrong answers after which Kolibri says that a learner needs help.
UNTIL_HELP = 4

SEED_SCRIPT = """
import json, uuid
from kolibri.core.auth.models import Classroom, Facility, FacilityUser, LearnerGroup
from kolibri.core.content.models import ContentNode
from kolibri.core.courses.models import CourseSession, CourseSessionAssignment
from kolibri.core.exams.models import Exam, ExamAssignment
from kolibri.core.lessons.models import Lesson, LessonAssignment

facility = Facility.get_default_facility()
teacher = FacilityUser.objects.filter(devicepermissions__is_superuser=True).first()
classroom = Classroom.objects.create(name="Class 3", parent=facility)
group = LearnerGroup.objects.create(name="Group", parent=classroom)
for name in {learners!r}:
    learner = FacilityUser.objects.create_user(
        name, password={password!r}, full_name=name, facility=facility
    )
    classroom.add_member(learner)
    group.add_learner(learner)

def named(name):
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex

channel = named("channel")

def node(name, kind, parent=None):
    return ContentNode.objects.create(
        id=named(name), content_id=named(name + " content"), channel_id=channel, title=name,
        kind=kind, parent=parent, available=True,
    )

root = node("root", "topic")
nodes = {{
    "video": node("video", "video", root),
    "exercise": node("exercise", "exercise", root),
    "course": node("course", "topic", root),
}}
nodes["unit"] = node("unit", "topic", nodes["course"])
nodes["part"] = node("part", "topic", nodes["unit"])
nodes["course video"] = node("course video", "video", nodes["part"])
nodes["course exercise"] = node("course exercise", "exercise", nodes["part"])

def resource(name):
    found = nodes[name]
    return {{"contentnode_id": found.id, "content_id": found.content_id, "channel_id": channel}}

def lesson(title, *resources, to):
    made = Lesson.objects.create(
        title=title, collection=classroom, created_by=teacher, is_active=True,
        resources=[resource(each) for each in resources],
    )
    LessonAssignment.objects.create(lesson=made, collection=to, assigned_by=teacher)
    return made.id

lessons = {{
    "first": lesson("first", "video", "exercise", to=classroom),
    "of the group": lesson("of the group", "exercise", to=group),
}}
quiz = Exam.objects.create(
    title="quiz", collection=classroom, creator=teacher, active=True, question_count=2,
    question_sources=[],
)
ExamAssignment.objects.create(exam=quiz, collection=classroom, assigned_by=teacher)
course = CourseSession.objects.create(
    title="course", course=nodes["course"].id, collection=classroom, created_by=teacher,
    is_active=True,
)
CourseSessionAssignment.objects.create(
    course_session=course, collection=classroom, assigned_by=teacher
)
print("FURNISHED", json.dumps({{
    "classroom": classroom.id, "lessons": lessons, "quiz": quiz.id, "course": course.id,
    "nodes": {{name: [found.id, found.content_id, found.kind] for name, found in nodes.items()}},
    "channel": channel,
}}))
"""

#: A coach's notifications, without parts that differ between sites; times by their order.
TOLD = """
import json
from kolibri.core.auth.models import Collection, FacilityUser
from kolibri.core.content.models import ContentNode
from kolibri.core.courses.models import CourseSession
from kolibri.core.exams.models import Exam
from kolibri.core.lessons.models import Lesson
from kolibri.core.notifications.models import LearnerProgressNotification

names = {{}}
for model, field in (
    (Lesson, "title"), (Exam, "title"), (ContentNode, "title"), (CourseSession, "title"),
    (Collection, "name"), (FacilityUser, "username"),
):
    names.update(dict(model.objects.values_list("id", field)))
learner = FacilityUser.objects.get(username={learner!r})
told = list(LearnerProgressNotification.objects.filter(user_id=learner.id))
times = sorted({{each.timestamp for each in told}})

def name(value):
    return names.get(value, "another" if value else None)

print("TOLD", json.dumps(sorted(
    [
        each.notification_object, each.notification_event, each.reason, name(each.user_id),
        name(each.classroom_id), name(each.lesson_id), name(each.contentnode_id),
        name(each.quiz_id), name(each.course_session_id), each.quiz_num_correct,
        each.quiz_num_answered, sorted(map(name, each.assignment_collections)),
        times.index(each.timestamp),
    ]
    for each in told
), default=str))
"""

#: Runs a script in `kolibri manage shell`, and returns what it printed.
Shell = Callable[[str], str]


@dataclass(frozen=True)
class Resource:
    """A resource that a learner opens; it has the name of its node."""

    node_id: str
    content_id: str
    kind: str


@dataclass(frozen=True)
class Class:
    """The ids of the created objects, by name."""

    classroom: str
    lessons: dict[str, str]
    quiz: str
    course: str
    nodes: dict[str, list[str]]
    channel: str


def seed_data(shell: Shell, *learners: str) -> Class:
    said = shell(SEED_SCRIPT.format(learners=learners, password=PASSWORD))
    return Class(**_said(said, "FURNISHED"))


def told(shell: Shell, learner: str) -> list[list[Any]]:
    """The coach's notifications about a learner, sorted."""
    found: list[list[Any]] = _said(shell(TOLD.format(learner=learner)), "TOLD")
    return found


def _said(output: str, word: str) -> Any:
    line = next(line for line in output.splitlines() if line.startswith(f"{word} "))
    return json.loads(line.partition(" ")[2])


class Learner:
    """A signed-in learner at work."""

    def __init__(self, client: KolibriClient, of: Class) -> None:
        self._client = client
        self._class = of

    def open(self, name: str, **where: str | bool) -> str:
        """Open a resource; returns the session's id."""
        node_id, content_id, kind = self._class.nodes[name]
        resource = {
            "node_id": node_id,
            "content_id": content_id,
            "channel_id": self._class.channel,
            "kind": kind,
            **({"mastery_model": MASTERY} if kind == "exercise" else {}),
        }
        return self.begin(**resource, **where)

    def begin(self, **session: Any) -> str:
        return str(self._client.post(TRACK, session)["session_id"])

    def progress(self, session: str, to: float = 1, **more: Any) -> Any:
        return self._put(session, {"progress": to, **more})

    def answer(self, session: str, *, right: bool, attempt: str = "", **more: Any) -> str:
        """Answer a question, or the same one again; returns the attempt's id."""
        interaction = {
            "item": more.pop("item", None) or uuid.uuid4().hex,
            "correct": int(right),
            "complete": right,
            "time_spent": SPENT,
            "answer": {"choice": 1},
            **({"id": attempt} if attempt else {}),
        }
        answer = self._put(session, {"interactions": [interaction], **more})
        return str(answer["attempts"][0]["id"])

    def _put(self, session: str, data: Any) -> Any:
        answer = self._client.request("PUT", f"{TRACK}{session}/", json=data)
        assert answer.status_code == 200, answer.text
        return answer.json()


def do_everything(learner: Learner, of: Class, until_told: Callable[[int], object]) -> None:
    """Every kind of work that makes a notification.

    :param until_told: waits for the notifications about so many answers. Once an exercise is
        complete, Kolibri no longer asks a coach for help.
    """
    lesson = of.lessons["first"]
    video = learner.open("video", lesson_id=lesson)
    learner.progress(video, 0.5)
    learner.progress(video)

    exercise = learner.open("exercise", lesson_id=lesson)
    for _ in range(UNTIL_HELP):
        attempt = learner.answer(exercise, right=False, item="hard")
    until_told(UNTIL_HELP)
    # Twice in quick succession: the log keeps only the time of the last one.
    learner.answer(exercise, right=False, item="hard", attempt=attempt)
    learner.answer(exercise, right=True, item="hard", attempt=attempt)
    until_told(UNTIL_HELP + 2)
    learner.answer(exercise, right=True, progress=1)

    again = learner.open("exercise", lesson_id=lesson, repeat=True)
    learner.answer(again, right=False)

    quiz = learner.begin(quiz_id=of.quiz)
    learner.answer(quiz, right=True)
    learner.answer(quiz, right=False)
    learner.progress(quiz)

    learner.progress(learner.open("course video", course_session_id=of.course))
    in_course = learner.open("course exercise", course_session_id=of.course)
    learner.answer(in_course, right=True, progress=1)

    unit = of.nodes["unit"][0]
    test = learner.begin(unit_id=unit, course_session_id=of.course, test_type="pre")
    learner.answer(test, right=True)
    learner.progress(test)
