"""A coach's page of a class is answered as by stock Kolibri, and shows what is true now."""

from __future__ import annotations

import json

import pytest

from .inside_kolibri import answers_of

pytestmark = pytest.mark.slow

SCRIPT = """
import json
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kolibri.core.auth.models import Role
from kolibri.core.content.models import ContentNode, LocalFile
from kolibri.core.device.models import ContentCacheKey, UserSyncStatus
from kolibri_azure_plugin.speed import (
    class_polling, class_sizes, class_summary, class_work, coached_classes
)
from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery
from tests.integration.coached_class import ask, ask_all, client_of, make_class, poll, stock

world = make_class()
users, here = world["users"], world["classroom"].id
summary = f"/coach/api/classsummary/{here}/"
sizes = f"/api/lessons/lesson/size/?collection={here}"
pages = (
    summary,
    sizes,
    f"/coach/api/notifications/?classroom_id={here}",
    f"/api/device/usersyncstatus/?member_of={here}",
    f"/api/exams/exam/size/?collection={here}",
)

with stock():
    answers = {"stock": ask_all(world)}
answers["patched"] = ask_all(world)
answers["not compiled"] = [
    f"{module.__name__}.{name}"
    for module in (class_polling, class_sizes, class_summary, class_work, coached_classes)
    for name, query in vars(module).items()
    if isinstance(query, CompiledQuery) and not query.is_compiled
]
with stock():
    answers["stock polling"] = poll(world)
answers["polling"] = poll(world)

def seen(client):
    with CaptureQueriesContext(connection) as queries:
        status, body = ask(client, summary)
    found = json.loads(body)
    content = sum("FROM \\"content_contentnode\\"" in each["sql"] for each in queries)
    return {
        "status": status,
        "content": sorted(each["title"] for each in found.get("content", [])),
        "lessons": sorted(each["title"] for each in found.get("lessons", [])),
        "progress": sorted(each["status"] for each in found.get("content_learner_status", [])),
        "content statements": content,
        "statements": len(queries),
    }

def total(client):
    return sum(size for each in json.loads(ask(client, sizes)[1]) for size in each.values())

coach = client_of(users["coach"])
seen(coach)
answers["before"] = seen(coach)
answers["size before"] = total(coach)
ContentNode.objects.filter(title="Resource 0").update(title="Renamed")
LocalFile.objects.update(file_size=1)
ContentCacheKey.update_cache_key()
answers["renamed"] = seen(coach)
answers["size after"] = total(coach)
ContentNode.objects.filter(title="Renamed").update(title="By another instance")
ContentCacheKey.objects.update(key=1)
cache.forget_fresh()
answers["of another instance"] = seen(coach)
world["lesson"].title = "New title"
world["lesson"].save()
world["log"].progress = 1
world["log"].save()
answers["changed"] = seen(coach)
with stock():
    seen(coach)
    answers["changed, stock"] = seen(coach)
Role.objects.filter(user=users["coach"], collection=world["classroom"]).delete()
answers["revoked"] = [ask(coach, page) for page in pages]
world["other"].add_coach(users["coach"])
answers["of another class"] = [ask(coach, page) for page in pages]
print("ANSWERS", json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(copied):
    return answers_of(copied, f"exec({SCRIPT!r}, {{}})")


def test_everybody_is_answered_as_by_stock_kolibri(answers):
    for name, answer in answers["stock"].items():
        assert answers["patched"][name] == answer, name


def test_django_compiles_each_query_once(answers):
    assert answers["not compiled"] == []


@pytest.mark.parametrize("user", ["admin", "facility admin", "facility coach", "coach"])
def test_who_coaches_a_class_is_shown_its_work(answers, user):
    bodies = [
        json.loads(body)
        for name, (status, body) in answers["patched"].items()
        if name.startswith(f"{user} /coach/api/classsummary/") and status == 200
    ]
    shown = bodies[0]

    assert {"Lesson", "For some", "Hidden", "Of the group"} == {
        each["title"] for each in shown["lessons"]
    }
    assert {"Draft", "For some"} < {each["title"] for each in shown["exams"]}
    assert shown["exam_learner_status"]
    assert {"HelpNeeded", "Started"} & {each["status"] for each in shown["content_learner_status"]}


@pytest.mark.parametrize("user", ["coach of another class", "learner", "visitor"])
def test_nobody_else_is_shown_the_class(answers, user):
    first = next(name for name in answers["patched"] if name.startswith(f"{user} /coach/"))

    assert answers["patched"][first][0] == 403


def test_coaches_who_poll_are_counted_noted_and_forgotten_as_by_stock_kolibri(answers):
    assert answers["polling"] == answers["stock polling"]
    assert [10, 10] in answers["polling"] or answers["polling"][-1][0] == 10


def test_resources_are_not_read_again_until_content_changes(answers):
    assert answers["before"]["content statements"] == 0
    assert answers["before"]["statements"] <= answers["changed, stock"]["statements"] - 10


def test_changed_content_is_shown_at_once(answers):
    assert "Renamed" in answers["renamed"]["content"]
    assert answers["size before"] > answers["size after"] > 0


def test_content_that_another_instance_changed_is_shown_as_soon_as_its_key_is_read(answers):
    assert "By another instance" in answers["of another instance"]["content"]


def test_new_progress_and_changed_lessons_are_shown_at_once(answers):
    assert "New title" in answers["changed"]["lessons"]
    assert "Completed" in answers["changed"]["progress"]
    for part in ("content", "lessons", "progress"):
        assert answers["changed"][part] == answers["changed, stock"][part]


def test_a_coach_whose_role_is_revoked_is_shown_nothing_from_then_on(answers):
    for answer in (answers["revoked"], answers["of another class"]):
        statuses = [status for status, _ in answer]
        lists = [json.loads(body) for status, body in answer if status == 200]

        assert statuses[0] == statuses[2] == 403
        assert lists == [[]] * 3
