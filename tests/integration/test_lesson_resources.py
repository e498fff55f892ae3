"""The resources of a lesson and the progress in them are what stock Kolibri answers, and fresh."""

from __future__ import annotations

import json

import pytest

from .inside_kolibri import answers_of
from .lesson_resources import POINTS, PROGRESS, REPLACED, RESOURCES, patches

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(copied):
    return answers_of(copied, "from tests.integration.lesson_resources import report; report()")


def rows(found, address):
    status, text = found["patched"][address]
    assert status == 200
    return json.loads(text)


def test_each_visitor_is_answered_as_by_stock_kolibri(found):
    assert len(patches()) == len(REPLACED)
    assert found["patched"] == found["stock"]
    for address in ("?lesson={lesson}", "?resume=true&max_results=12&ordering=-last_interacted"):
        assert rows(found, f"learner {RESOURCES}{address}")
        assert rows(found, f"learner {PROGRESS}{address}")


def test_the_answers_of_the_newest_try_are_counted(found):
    exercise = next(
        row
        for row in rows(found, f"learner {PROGRESS}?lesson={{lesson}}")
        if row["content_id"] == "1" * 32
    )

    assert exercise["num_question_answered"] == 3
    assert exercise["num_question_answered_correctly"] == 1
    assert exercise["total_questions"] == 10


@pytest.mark.parametrize("visitor", ["other", "coach", "admin", "anonymous"])
def test_visitors_who_are_not_in_the_class_are_shown_nothing_of_its_lesson(found, visitor):
    assert rows(found, f"{visitor} {RESOURCES}?lesson={{lesson}}") == []
    assert rows(found, f"{visitor} {PROGRESS}?lesson={{lesson}}") == []


def test_a_learner_who_has_begun_nothing_has_no_progress(found):
    assert len(rows(found, f"idle {RESOURCES}?lesson={{lesson}}")) == 3
    assert rows(found, f"idle {PROGRESS}?lesson={{lesson}}") == []


@pytest.mark.parametrize(("learner", "points"), [("learner", 4), ("other", 2), ("idle", 0)])
def test_each_completed_try_and_each_completed_resource_without_tries_is_a_point(
    found, learner, points
):
    assert rows(found, f"{learner} {POINTS[learner]}")["progress"] == points


def test_a_learner_is_not_shown_the_points_of_another(found):
    status, _ = found["patched"][f"other {POINTS['learner']}"]
    assert status == 403


def test_requests_look_up_the_session_the_lesson_and_the_progress_only(found):
    assert found["statements"] == [2, 3]


def test_every_change_shows_at_once(found):
    titles = [f"Resource {number}" for number in range(3)]
    assert found["changes"] == {
        "at first": {"titles": titles, "right": [None, 1, None]},
        "all answers corrected": {"titles": titles, "right": [None, 3, None]},
        "a resource removed": {"titles": titles[1:], "right": [3, None]},
        "all resources but one taken out of the lesson": {"titles": titles[1:2], "right": [3]},
        "the lesson hidden": {"titles": [], "right": []},
        "the class left": {"titles": [], "right": []},
    }
