"""The school of the lesson: classes of 30 with a lesson and a quiz each, and one large channel."""

from __future__ import annotations

from pathlib import Path

from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import EXERCISE_TITLE
from devtools.channel.textbook import textbook
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD, Deployment
from devtools.kolibri_client import KolibriClient

LEARNERS = tuple(f"pupil_{number}" for number in range(1, 65))
CLASS_SIZE = 30

#: A class whose learners have passwords; the others have none.
OLDER_LEARNERS = tuple(f"student_{number}" for number in range(1, CLASS_SIZE + 1))
COACHES = tuple(f"coach_{number}" for number in range(1, 5))
PASSWORD = "a-learner's-password"

CHANNEL_RESOURCES, LESSON_RESOURCES = 42, 10

#: Its title, for each class.
LESSON = "Counting to twenty"

#: Of the lesson's resources, the one that every learner opens in every round.
EXERCISE = EXERCISE_TITLE


def seed_data(deployment: Deployment, folder: Path) -> None:
    """Fill the migrated database and the share of a deployment; `folder` contains the channel."""
    channel = make_channel(folder / "channel", textbook(CHANNEL_RESOURCES))
    for command in ("importchannel", "importcontent"):
        deployment.require("manage", command, "disk", CHANNEL_ID, str(channel))
    school = {
        "coaches": list(COACHES),
        "learners": list(LEARNERS),
        "older_learners": list(OLDER_LEARNERS),
        "password": PASSWORD,
        "class_size": CLASS_SIZE,
        "lesson": LESSON,
        "resources": LESSON_RESOURCES,
    }
    script = f"from bench.lesson.seed import fill; fill({school!r})"
    deployment.require("manage", "shell", "-c", script)


def require_passwords(url: str, *, required: bool) -> None:
    """Let an administrator change whether learners need a password."""
    client = KolibriClient(url)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    dataset = client.facility()["dataset"]["id"]
    answer = client.request(
        "PATCH",
        f"/api/auth/facilitydataset/{dataset}/",
        json={"learner_can_login_with_no_password": not required},
    )
    answer.raise_for_status()
