"""Lets a learner report progress, and prints what Kolibri answers and what it writes.

Runs inside Kolibri: one learner's reports go Kolibri's own way, another's the plugin's. Both begin
with the same rows, and at the same time of a stopped clock.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.integration.class_world import make_world
from tests.integration.stock_and_patched import in_place

TRACK = "/api/logger/trackprogress/"
VIEW = "ProgressTrackingViewSet"

#: Columns that differ between two learners.
OWN = ("id", "user_id", "summarylog_id", "sessionlog_id", "masterylog_id", "visitor_id")
OWN += ("_morango_source_id", "_morango_partition")

#: The function of a notification, in the statement that notes it.
NOTIFICATION = re.compile(
    r"INSERT INTO kolibri_azure_notifications.*?\('[^']*', '(\w+)'", re.DOTALL
)

EXERCISE = {"type": "m_of_n", "m": 2, "n": 2}


def answered(item: str, **more: Any) -> dict[str, Any]:
    """An answer to a question, as the browser reports it."""
    given = {"item": item, "time_spent": 1.5, "correct": 1, "complete": True, "answer": {"a": 1}}
    return {"interactions": [{"hinted": False, "error": False, **given, **more}]}


#: What each resource is reported to have, in order; a name is that of the resource's first answer.
REPORTS: dict[str, list[dict[str, Any]]] = {
    "exercise": [
        {"time_spent_delta": 5.25},
        {"progress_delta": 0.5004, "time_spent_delta": 0.5, **answered("one")},
        {"progress_delta": 0.25, **answered("two", correct=0, hinted=True)},
        {"progress": 1, "time_spent_delta": 1, **answered("two", error=True)},
        {"time_spent_delta": 2.0},
    ],
    "video": [
        {"time_spent_delta": 5.25, "progress_delta": 0.3},
        {"extra_fields": {"contentState": {"savedLocation": 12.5}}},
        {"progress_delta": 0.8},
        {"progress_delta": 0.1},
    ],
    "quiz": [
        {"time_spent_delta": 3.0},
        {**answered("one", replace=True)},
        {**answered("one", replace=True, correct=0)},
        {"progress": 1},
        {"progress_delta": 0.1},
    ],
    "nothing": [{"time_spent_delta": 0, "progress_delta": 0}],
}


@contextlib.contextmanager
def stock() -> Iterator[None]:
    """Kolibri's own methods in place of the patched ones."""
    from kolibri_azure_plugin.kolibri_patches.tables.progress import PATCHES

    with contextlib.ExitStack() as stack:
        for patch in PATCHES:
            stack.enter_context(in_place(patch, patch.original))
        yield


@contextlib.contextmanager
def nothing_by_chance() -> Iterator[None]:
    """A clock for the logs that moves by a second with each question, and no random levels."""
    from unittest.mock import patch

    import pytz
    from kolibri.core.logger import api

    zone = pytz.timezone("Africa/Nairobi")
    begin = datetime(2026, 1, 5, 8, tzinfo=timezone.utc).astimezone(zone)
    ticks = itertools.count()
    now = patch.object(api, "local_now", lambda: begin + timedelta(seconds=next(ticks)))
    with now, patch.object(api, "randint", lambda *_: -7):
        yield


class Reporter:
    """A learner who reports progress, and the answers."""

    def __init__(self, user: Any) -> None:
        from django.test import Client

        self.user = user
        self.answers: list[Any] = []
        self.told: list[str] = []
        self._client = Client(HTTP_HOST="localhost")
        if user:
            self._client.force_login(user)

    def begin(self, **what: Any) -> str:
        """Open a resource; return the id of the visit."""
        found = self._ask("POST", TRACK, what)
        return str(found["session_id"])

    def report(self, visit: str, **what: Any) -> None:
        self._ask("PUT", f"{TRACK}{visit}/", what)

    def _ask(self, method: str, path: str, what: dict[str, Any]) -> Any:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            answer = self._client.generic(method, path, json.dumps(what), "application/json")
        found = answer.json() if answer.content.startswith((b"{", b"[")) else answer.content[:99]
        shown = [found]
        if isinstance(found, dict):
            shown = [{**found, "session_id": ""}]
            for attempt in found.get("attempts", []):
                attempt.pop("id")
        # Not from the table: another thread makes the notifications, and removes them there.
        for each in queries:
            self.told += NOTIFICATION.findall(each["sql"])
        writes = sum(each["sql"].startswith(("UPDATE", "WITH")) for each in queries)
        self.answers.append((answer.status_code, *shown))
        self.last_writes = writes
        return found


def play(user: Any, others_visit: str | None, world: dict[str, Any]) -> dict[str, Any]:
    """One learner's reports, with all that may happen to them; return what came of them."""
    for model in models():
        model.objects.filter(user=None).delete()
    reporter = Reporter(user)
    resources = world["lesson"].resources
    named = [
        {"node_id": each["contentnode_id"], "content_id": each["content_id"]} for each in resources
    ]
    channel = {"channel_id": resources[0]["channel_id"]}
    lesson = {"lesson_id": world["lesson"].id} if user else {}
    exercise = {**named[1], **channel, "kind": "exercise", "mastery_model": EXERCISE}
    visits = {
        "exercise": reporter.begin(**exercise, **lesson),
        "video": reporter.begin(**named[0], **channel, **lesson, kind="video"),
        "nothing": reporter.begin(**named[2], **channel, **lesson, kind="document"),
    }
    if user:
        visits["quiz"] = reporter.begin(quiz_id=world["quiz"])
    clear_marks()
    for kind, visit in visits.items():
        for report in REPORTS[kind]:
            reporter.report(visit, **report)
    again = reporter.begin(**exercise, repeat=True)
    reporter.report(again, time_spent_delta=1.0, **answered("one"))
    for visit in ("0" * 32, "no-visit", others_visit or "1" * 32):
        reporter.report(visit, time_spent_delta=1.0)
    if user:
        lose_mastery_log(again)
        reporter.report(again, time_spent_delta=1.0)
    return {"answers": reporter.answers, "rows": rows_of(user), "told": reporter.told}


def clear_marks() -> None:
    """Forget that logs have changed, so that a test sees which are marked for the next sync."""
    for model in models():
        model.objects.all().update(update_dirty_bit_to=False)


def lose_mastery_log(visit: str) -> None:
    from kolibri.core.logger.models import ContentSessionLog, MasteryLog

    log = ContentSessionLog.objects.get(id=visit)
    MasteryLog.objects.filter(user=log.user, summarylog__content_id=log.content_id).delete()


def models() -> list[Any]:
    from kolibri.core.logger import models as logs

    return [logs.ContentSessionLog, logs.ContentSummaryLog, logs.MasteryLog, logs.AttemptLog]


def rows_of(user: Any) -> dict[str, Any]:
    """The rows of a learner in all logs, without what is only theirs."""
    found = {}
    for model in models():
        rows = model.objects.filter(user=user).values()
        kept = [{key: row[key] for key in row if key not in OWN} for row in rows]
        found[model.__name__] = sorted(json.dumps(row, default=str, sort_keys=True) for row in kept)
    return found


def report() -> None:
    """Print what came of two learners' reports, and of two visitors'."""
    from kolibri.core.auth.models import FacilityUser
    from kolibri.core.exams.models import Exam

    world = make_world()
    world["quiz"], world["other quiz"] = (
        Exam.objects.get(title=title).id for title in ("Quiz 0", "Quiz 4")
    )
    others = Reporter(world["users"]["learner"]).begin(quiz_id=world["quiz"])
    made = []
    for name in ("one", "two"):
        user = FacilityUser.objects.create_user(name, password="p", facility=world["facility"])
        world["lesson"].collection.add_member(user)
        made.append(user)
    found = {}
    for who, users in (("learner", made), ("visitor", [None, None])):
        with nothing_by_chance(), stock():
            found[f"{who}, stock"] = play(users[0], others, world)
        with nothing_by_chance():
            found[f"{who}, plugin"] = play(users[1], others, world)
    found["writes"] = writes(made[1], world)
    print(f"ANSWERS {json.dumps(found, default=str)}")  # noqa: T201


def writes(user: Any, world: dict[str, Any]) -> int:
    """How many statements change the logs when a learner reports that time has passed."""
    reporter = Reporter(user)
    visit = reporter.begin(quiz_id=world["other quiz"])
    reporter.report(visit, time_spent_delta=1.0)
    return reporter.last_writes
