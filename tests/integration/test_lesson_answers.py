"""A lesson is described from memory, and still shows each learner what is true for them now."""

from __future__ import annotations

import pytest

from .inside_kolibri import answers_of
from .status_answers import answers_of_script
from .trial_deployment import trial_deployment

pytestmark = pytest.mark.slow

SCRIPT = """
import contextlib, json, time
from types import SimpleNamespace
from unittest import mock
from django.core.cache.backends import base, locmem
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kolibri.core.auth.models import FacilityUser, Membership
from kolibri.core.content.models import ContentNode
from kolibri.core.device.models import ContentCacheKey
from kolibri.core.logger.models import ContentSummaryLog
from kolibri_azure_plugin.speed import known_nodes
from tests.integration.stock_and_patched import make_world

world = make_world()
lesson, learner = world["lesson"], world["users"]["learner"]
other = FacilityUser.objects.create_user("other", password="o" * 9, facility=world["facility"])
lesson.collection.add_member(other)
known_nodes.MAX_NODES = 10

def ask(user):
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/learn/api/learnerlesson/{lesson.id}/")
    if answer.status_code != 200:
        return answer.status_code
    found = answer.json()
    nodes = [each["contentnode"] for each in found["resources"]]
    return {
        "titles": [node and node["title"] for node in nodes],
        "progress": [each["progress"] for each in found["resources"]],
        "missing": found["missing_resource"],
        "content queries": sum("content_contentnode" in each["sql"] for each in queries),
    }

def home(user):
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    classrooms = client.get("/learn/api/homehydrate/").json()["classrooms"]
    return [sorted(each["title"] for each in one["lessons"]) for one in classrooms]

def show_lesson(shown):
    type(lesson).objects.filter(pk=lesson.pk).update(is_active=shown)

@contextlib.contextmanager
def later(seconds):
    clock = SimpleNamespace(time=lambda: time.time() + seconds)
    with mock.patch.object(base, "time", clock), mock.patch.object(locmem, "time", clock):
        yield

def change(**values):
    ContentNode.objects.filter(title="Resource 0").update(**values)
    ContentCacheKey.update_cache_key()

answers = {"learner": ask(learner), "other": ask(other)}
change(description="new", title="Renamed")
answers["renamed"] = ask(other)
ContentNode.objects.filter(title="Renamed").update(available=False)
ContentCacheKey.objects.update(key=1)
from django.core.cache import caches
for cache in caches.all():
    cache.clear()
answers["removed"] = ask(other)
ContentSummaryLog.objects.update(progress=1)
answers["worked"] = ask(learner)
answers["homes"] = [home(learner), home(other)]
show_lesson(False)
answers["hidden lesson"] = ask(learner)
with later(seconds=2):
    answers["home without the hidden lesson"] = home(learner)
    show_lesson(True)
with later(seconds=4):
    answers["home with the lesson again"] = home(learner)
Membership.objects.filter(user=other).delete()
answers["left"] = ask(other)
answers["home of one who left"] = home(other)
nodes = known_nodes.known_nodes
nodes.get(["%032x" % number for number in range(100)], lambda missing: [])
nodes.get(["1"], lambda missing: [])
answers["kept"] = len(nodes._kept[1])
print("ANSWERS", json.dumps(answers))
"""

#: A test deployment has no learner yet.
ON_SQLITE = """
from kolibri.core.auth.models import Facility, FacilityUser
facility = Facility.get_default_facility()
FacilityUser.objects.create_user("learner", password="l" * 9, facility=facility)
"""


@pytest.fixture(scope="module")
def answers(copied):
    return answers_of(copied, f"exec({SCRIPT!r}, {{}})")


def test_resources_are_read_once_for_all_learners(answers):
    assert answers["learner"]["content queries"] > 0
    assert answers["other"]["content queries"] == 0
    titles = ["Resource 0", "Resource 1", "Resource 2", None]
    assert answers["learner"]["titles"] == answers["other"]["titles"] == titles


def test_each_learner_sees_their_own_progress(answers):
    assert answers["learner"]["progress"] == [0, 0.5, 0, 0]
    assert answers["other"]["progress"] == [0, 0, 0, 0]


def test_progress_is_shown_at_once(answers):
    assert answers["worked"]["progress"] == [0, 1, 0, 0]


def test_a_changed_resource_is_shown_at_once(answers):
    assert answers["renamed"]["titles"][0] == "Renamed"


def test_a_resource_that_another_instance_removed_is_missing(answers):
    assert answers["removed"]["titles"] == [None, "Resource 1", "Resource 2", None]
    assert answers["removed"]["missing"] is True


def test_a_learner_who_left_the_class_does_not_see_its_lesson(answers):
    assert answers["left"] == 404


def test_a_learner_sees_the_lessons_of_their_own_classes_and_groups(answers):
    assert answers["homes"] == [[["Lesson", "Of the group"]], [["Lesson"]]]
    assert answers["home of one who left"] == []


def test_a_hidden_lesson_is_missing_at_once(answers):
    assert answers["hidden lesson"] == 404


def test_the_home_page_follows_a_coach_who_hides_a_lesson_after_two_seconds_at_most(answers):
    assert answers["home without the hidden lesson"] == [["Of the group"]]
    assert answers["home with the lesson again"] == [["Lesson", "Of the group"]]


def test_a_test_deployment_on_sqlite_gives_the_same_answers(answers, provisioned, tmp_path):
    instance = trial_deployment(provisioned, tmp_path / "sqlite")
    script = ON_SQLITE + SCRIPT
    assert answers_of_script(instance, f"exec({script!r}, {{}})") == answers


def test_the_memory_for_resources_is_bounded(answers):
    assert answers["kept"] == 1
