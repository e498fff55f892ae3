"""A lesson whose resources learners have tried often, asked for with and without the patches.

Runs inside Kolibri, on a copy of a database, and prints the answers.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

from .class_world import make_world
from .stock_and_patched import in_place

#: The functions of Kolibri that are compared, all at once.
REPLACED = (
    "kolibri.core.content.api.UserContentNodeViewset.list",
    "kolibri.core.content.api.ContentNodeProgressViewset.generate_response",
    "kolibri.core.content.api.ContentNodeProgressViewset.list",
    "kolibri.core.logger.api.TotalContentProgressViewSet.retrieve",
)
RESOURCES = "/api/content/usercontentnode/"
PROGRESS = "/api/content/contentnodeprogress/"
POINTS = {name: f"/api/logger/userprogress/{{{name}}}/" for name in ("learner", "other", "idle")}
QUERIES = (
    "?lesson={lesson}",
    "?lesson={hidden}",
    "?lesson={elsewhere}",
    "?lesson={nowhere}",
    "?lesson=nonsense",
    "?lesson=",
    "?lesson={hidden}&lesson={lesson}",
    "?lesson={dashed}",
    "?lesson={lesson}&kind=exercise",
    "?lesson={lesson}&max_results=1",
    "?lesson={lesson}&ordering=-last_interacted&max_results=9",
    "?resume=true&max_results=12&ordering=-last_interacted",
    "?ids={ids}",
    "?kind=none&ids={ids}",
    "",
)


def report() -> None:
    """Print the answers to each visitor: of stock Kolibri, of the plugin, and what was counted."""
    school = make_school()
    with contextlib.ExitStack() as stack:
        for patch in patches():
            stack.enter_context(in_place(patch, patch.original))
        stock = answers(school)
    found = {"stock": stock, "patched": answers(school), **counted(school)}
    sys.stdout.write(f"ANSWERS {json.dumps(found)}\n")


def patches() -> list[Any]:
    from kolibri_azure_plugin.kolibri_patches.tables import PATCHES

    return [patch for patch in PATCHES if patch.target in REPLACED]


def answers(school: dict[str, Any]) -> dict[str, Any]:
    """What each visitor is answered, by visitor and address."""
    addresses = [f"{path}{query}" for path in (RESOURCES, PROGRESS) for query in QUERIES]
    addresses += [f"{PROGRESS}{'a' * 32}/tree/", *POINTS.values()]
    return {
        f"{visitor} {address}": ask(user, address, school["ids"])
        for visitor, user in school["visitors"].items()
        for address in addresses
    }


def ask(user: Any, address: str, ids: dict[str, str]) -> Any:
    """The status and the answer. Kolibri's own order of progress is that of the database's plan."""
    from django.core.cache import cache
    from django.test import Client

    cache.clear()
    client = Client(HTTP_HOST="localhost")
    if user:
        client.force_login(user)
    answer = client.get(address.format(**ids))
    text = answer.content.decode()
    if answer.status_code == 200 and address.startswith(PROGRESS):
        text = json.dumps(sorted(answer.json(), key=lambda row: row["content_id"]))
    return answer.status_code, text


def counted(school: dict[str, Any]) -> dict[str, Any]:
    """The statements of a repeated request, and what is shown after changes."""
    from kolibri.core.auth.models import Membership
    from kolibri.core.content.models import ContentNode
    from kolibri.core.device.models import ContentCacheKey
    from kolibri.core.lessons.models import Lesson
    from kolibri.core.logger.models import AttemptLog

    learner, ids = school["visitors"]["learner"], school["ids"]

    def shown() -> dict[str, Any]:
        (_, nodes), (_, progress) = (
            ask(learner, f"{path}?lesson={{lesson}}", ids) for path in (RESOURCES, PROGRESS)
        )
        right = [row["num_question_answered_correctly"] for row in json.loads(progress)]
        return {"titles": [node["title"] for node in json.loads(nodes)], "right": right}

    found = {"statements": [statements(learner, path, ids) for path in (RESOURCES, PROGRESS)]}
    changes = {"at first": shown()}
    AttemptLog.objects.update(correct=1)
    changes["all answers corrected"] = shown()
    ContentNode.objects.filter(title="Resource 0").update(available=False)
    ContentCacheKey.update_cache_key()
    changes["a resource removed"] = shown()
    lesson = Lesson.objects.filter(id=ids["lesson"])
    lesson.update(resources=lesson.get().resources[1:2])
    changes["all resources but one taken out of the lesson"] = shown()
    lesson.update(is_active=False)
    changes["the lesson hidden"] = shown()
    lesson.update(is_active=True)
    Membership.objects.filter(user=learner).delete()
    changes["the class left"] = shown()
    return {**found, "changes": changes}


def statements(user: Any, path: str, ids: dict[str, str]) -> int:
    """How many statements a repeated request sends."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    address = f"{path}?lesson={ids['lesson']}"
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def make_school() -> dict[str, Any]:
    """The class of `make_world`, with many tries, and another class."""
    from kolibri.core.auth.models import Classroom, FacilityUser
    from kolibri.core.lessons.models import Lesson, LessonAssignment

    world = make_world()
    users, facility = world["users"], world["facility"]
    other = FacilityUser.objects.create_user("other", password="o" * 9, facility=facility)
    idle = FacilityUser.objects.create_user("idle", password="i" * 9, facility=facility)
    elsewhere = Classroom.objects.create(name="Other class", parent=facility)
    elsewhere.add_member(other)
    world["lesson"].collection.add_member(idle)
    lesson = Lesson.objects.create(
        title="Elsewhere", is_active=True, collection=elsewhere, created_by=users["admin"],
        resources=world["lesson"].resources,
    )  # fmt: skip
    LessonAssignment.objects.create(lesson=lesson, collection=elsewhere, assigned_by=users["admin"])
    copy_exercise()
    for user, tries in ((users["learner"], 3), (other, 2)):
        try_exercise(user, tries)
    own = world["lesson"].id
    ids = {
        "lesson": own,
        "hidden": Lesson.objects.get(title="Hidden").id,
        "elsewhere": lesson.id,
        "nowhere": "0" * 32,
        "dashed": f"{own[:8]}-{own[8:12]}-{own[12:16]}-{own[16:20]}-{own[20:]}",
        "ids": ",".join(each["contentnode_id"] for each in lesson.resources),
    }
    visitors = {**users, "other": other, "idle": idle}
    ids.update({name: user.id for name, user in visitors.items()})
    return {"visitors": {**visitors, "anonymous": None}, "ids": ids}


def copy_exercise() -> None:
    """Put the exercise with more questions into two more channels, of which one is not available.

    Kolibri counts the questions of the first copy, by tree.
    """
    from kolibri.core.content.models import AssessmentMetaData, ContentNode

    first = ContentNode.objects.get(title="Resource 1")
    for tree, available, name in ((0, False, "5"), (2, True, "6")):
        copy = ContentNode.objects.create(
            id=name * 32, content_id=first.content_id, channel_id=first.channel_id,
            kind=first.kind, title="Copy", available=available, license_name="CC BY",
        )  # fmt: skip
        ContentNode.objects.filter(pk=copy.pk).update(tree_id=tree, lft=1, rght=2, level=0)
        AssessmentMetaData.objects.create(
            id=name * 32, contentnode=copy, assessment_item_ids=["1" * 32],
            number_of_assessments=10 + tree, mastery_model={"type": "do_all"},
        )  # fmt: skip


def try_exercise(user: Any, tries: int) -> None:
    """Answer the exercise in several tries, the newest of which is neither first nor last."""
    from datetime import timedelta

    from django.utils import timezone
    from kolibri.core.logger import models as logs

    now = timezone.now()
    kinds = {"1": "exercise", "0": "video", "2": "document", "3": "video"}
    for content, kind in kinds.items():
        work = {"content_id": content * 32, "user": user}
        at = {"start_timestamp": now, "end_timestamp": now}
        summary = logs.ContentSummaryLog.objects.filter(**work).first()
        if summary is None:
            progress = 0.25 if kind == "video" else 1
            summary = logs.ContentSummaryLog.objects.create(
                **work, **at, kind=kind, progress=progress
            )
        if kind != "exercise":
            continue
        session = logs.ContentSessionLog.objects.create(**work, **at, kind=kind)
        for level in range(1, tries + 1):
            ended = now - timedelta(hours=(level - 2) ** 2)
            mastery = logs.MasteryLog.objects.create(
                summarylog=summary, user=user, mastery_level=level, start_timestamp=ended,
                end_timestamp=ended, complete=level < tries,
            )  # fmt: skip
            for item in range(level + 1):
                logs.AttemptLog.objects.create(
                    masterylog=mastery, sessionlog=session, user=user, item=str(item),
                    correct=item % 2, start_timestamp=ended, end_timestamp=ended,
                )  # fmt: skip
