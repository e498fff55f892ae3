"""A class with a lesson for each round: an exercise, and a video."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from devtools.deployment import SUPERUSER, Deployment

PASSWORD = "a-pupil's-password"

SEED_SCRIPT = """
import json, uuid
from kolibri.core.auth.models import Classroom, Facility, FacilityUser
from kolibri.core.lessons.models import Lesson, LessonAssignment

facility = Facility.get_default_facility()
classroom = Classroom.objects.create(name="Class 3", parent=facility)
teacher = FacilityUser.objects.get(username={teacher!r})
for number in range({pupils}):
    name = "pupil_%d" % number
    learner = FacilityUser.objects.create_user(
        name, password={password!r}, full_name=name, facility=facility
    )
    classroom.add_member(learner)
lessons = []
for number in range({lessons}):
    exercise, video = (
        {{key: uuid.uuid4().hex for key in ("contentnode_id", "content_id", "channel_id")}}
        for _ in range(2)
    )
    lesson = Lesson.objects.create(
        title="Lesson %d" % number, collection=classroom, created_by=teacher, is_active=True,
        resources=[exercise, video],
    )
    LessonAssignment.objects.create(lesson=lesson, collection=classroom, assigned_by=teacher)
    lessons.append({{"id": lesson.id, "exercise": exercise, "video": video}})
print("FURNISHED", json.dumps(lessons))
"""


@dataclass(frozen=True)
class Lesson:
    """A lesson with two resources, with the ids that requests use."""

    id: str
    exercise: dict[str, str]
    video: dict[str, str]


def seed_data(deployment: Deployment, *, pupils: int, lessons: int) -> list[Lesson]:
    """Create the class; its pupils are pupil_0, pupil_1 and so on."""
    script = SEED_SCRIPT.format(
        teacher=SUPERUSER, password=PASSWORD, pupils=pupils, lessons=lessons
    )
    said = deployment.require("manage", "shell", "-c", script)
    found = next(line for line in said.splitlines() if line.startswith("FURNISHED"))
    return [Lesson(**each) for each in json.loads(found.partition(" ")[2])]


def names(pupils: int) -> Sequence[str]:
    return [f"pupil_{number}" for number in range(pupils)]
