"""A question is asked in the background, once for all, and never waited for long."""

from __future__ import annotations

import concurrent.futures
import threading
import time

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.health import readiness
from kolibri_azure_plugin.health.readiness import LATE, PATIENCE, Question
from kolibri_azure_plugin.redaction import MASK, remember

PLENTY = 20.0


class Asked:
    """Counts how often it was asked, and answers when it is let."""

    def __init__(self):
        self.times = 0
        self.lets = threading.Event()
        self.lets.set()

    def __call__(self):
        self.times += 1
        assert self.lets.wait(PLENTY)
        return f"answer {self.times}"


@pytest.fixture
def asked():
    made = Asked()
    yield made
    made.lets.set()


def test_an_answer_is_given_again_while_it_is_fresh(asked):
    question = Question(asked)
    assert {question.answer().detail for _ in range(100)} == {"answer 1"}
    assert asked.times == 1


def test_many_at_once_ask_once(asked):
    asked.lets.clear()
    question = Question(asked)
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        answers = [executor.submit(question.answer) for _ in range(8)]
        wait_until(lambda: asked.times, "the question", PLENTY)
        asked.lets.set()
        assert {answer.result().passed for answer in answers} == {True}
    assert asked.times == 1


def test_an_answer_that_is_not_new_is_given_while_the_next_is_awaited(asked, monkeypatch):
    monkeypatch.setattr(readiness, "RENEWED", 0.0)
    monkeypatch.setattr(readiness, "FRESH", PLENTY)
    question = Question(asked)
    question.answer()
    asked.lets.clear()
    begun = time.monotonic()
    assert question.answer().detail == "answer 1"
    assert time.monotonic() - begun < PATIENCE
    asked.lets.set()
    wait_until(lambda: question.answer().detail != "answer 1", "a newer answer", PLENTY)


def test_who_asks_what_hangs_waits_once_for_all(asked):
    asked.lets.clear()
    question = Question(asked)
    begun = time.monotonic()
    answers = [question.answer() for _ in range(50)]
    assert time.monotonic() - begun < 2 * PATIENCE
    assert answers == [LATE] * 50
    assert asked.times == 1


def test_what_hung_is_believed_again_when_it_answers(asked):
    asked.lets.clear()
    question = Question(asked)
    assert not question.answer().passed
    asked.lets.set()
    wait_until(lambda: question.answer().passed, "an answer", PLENTY)


def test_a_no_is_told_with_its_reason_and_no_secret():
    remember("a-well-known-secret")

    def ask():
        raise ContentShareError(
            "It hangs.", expected="", found="a-well-known-secret", remedy="", code="share-hangs"
        )

    answer = Question(ask).answer()
    assert not answer.passed
    assert answer.detail == f"It hangs. {MASK}"


def test_what_breaks_is_a_no():
    answer = Question(lambda: str(1 / 0)).answer()
    assert not answer.passed
    assert answer.detail == "ZeroDivisionError: division by zero"
