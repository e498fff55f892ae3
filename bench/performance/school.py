"""The school that both sides serve: a class with a lesson, a channel, and two files."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from devtools.channel import CHANNEL_ID, make_channel
from devtools.deployment import SUPERUSER, Deployment

CLASS_SIZE = 20
LEARNERS = tuple(f"pupil_{number}" for number in range(1, CLASS_SIZE + 1))
PASSWORD = "a-learner's-password"

SMALL_FILE, LARGE_FILE = 60 * 1000, 8 * 1000 * 1000

SEED_SCRIPT = """
from kolibri.core.auth.models import Classroom, Facility, FacilityUser
from kolibri.core.content.models import ContentNode
from kolibri.core.lessons.models import Lesson, LessonAssignment

facility = Facility.get_default_facility()
classroom = Classroom.objects.create(name="Class 3", parent=facility)
teacher = FacilityUser.objects.get(username={teacher!r})
resources = [
    {{"contentnode_id": node.id, "content_id": node.content_id, "channel_id": node.channel_id}}
    for node in ContentNode.objects.exclude(kind="topic")
]
lesson = Lesson.objects.create(
    title="Counting", collection=classroom, created_by=teacher, resources=resources, is_active=True
)
LessonAssignment.objects.create(lesson=lesson, collection=classroom, assigned_by=teacher)
for name in {learners!r}:
    learner = FacilityUser.objects.create_user(
        name, password={password!r}, full_name=name, facility=facility
    )
    classroom.add_member(learner)
"""


def seed_data(deployment: Deployment, folder: Path) -> None:
    """Fill the migrated database and the share of a deployment; `folder` contains the channel."""
    channel = make_channel(folder / "channel")
    for command in ("importchannel", "importcontent"):
        deployment.require("manage", command, "disk", CHANNEL_ID, str(channel))
    script = SEED_SCRIPT.format(teacher=SUPERUSER, learners=LEARNERS, password=PASSWORD)
    deployment.require("manage", "shell", "-c", script)


def content_file(share: Path, size: int) -> str:
    """Create an incompressible content file of `size` bytes on the share; return its address."""
    data = random.Random(size).randbytes(size)
    name = f"{hashlib.md5(data, usedforsecurity=False).hexdigest()}.mp4"
    path = f"storage/{name[0]}/{name[1]}/{name}"
    stored = share / path
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(data)
    return f"/content/{path}"
