"""A probe runs in the background, once for all callers, and none waits long for it."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.errors.redaction import MASK, remember
from kolibri_azure_plugin.web.health import readiness
from kolibri_azure_plugin.web.health.readiness import (
    NOT_STARTED,
    START_TIMEOUT,
    TIMED_OUT,
    WAIT_TIMEOUT,
    BackgroundProbe,
)

PLENTY = 20.0


class Asked:
    """Counts its calls, and starts and answers when the test allows it."""

    def __init__(self):
        self.times = 0
        self.lets_start, self.lets = threading.Event(), threading.Event()
        self.lets_start.set()
        self.lets.set()

    def __call__(self, on_start):
        self.times += 1
        assert self.lets_start.wait(PLENTY)
        on_start()
        assert self.lets.wait(PLENTY)
        return f"answer {self.times}"


@pytest.fixture
def asked():
    made = Asked()
    yield made
    made.lets.set()


def test_an_answer_is_given_again_while_it_is_fresh(asked):
    question = BackgroundProbe(asked)
    assert {question.answer().detail for _ in range(100)} == {"answer 1"}
    assert asked.times == 1


def test_many_at_once_ask_once(asked):
    asked.lets.clear()
    question = BackgroundProbe(asked)
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        answers = [executor.submit(question.answer) for _ in range(8)]
        wait_until(lambda: asked.times, "the question", PLENTY)
        asked.lets.set()
        assert {answer.result().passed for answer in answers} == {True}
    assert asked.times == 1


def test_an_answer_that_is_not_new_is_given_while_the_next_is_awaited(asked, monkeypatch):
    monkeypatch.setattr(readiness, "REFRESH_AFTER", 0.0)
    monkeypatch.setattr(readiness, "MAX_AGE", PLENTY)
    question = BackgroundProbe(asked)
    question.answer()
    asked.lets.clear()
    assert question.answer().detail == "answer 1"
    asked.lets.set()
    wait_until(lambda: question.answer().detail != "answer 1", "a newer answer", PLENTY)


def watched(asked, monkeypatch):
    """A probe, and the seconds of each wait of its probers."""
    waits = []

    class Condition(threading.Condition):
        def wait(self, timeout=None):
            waits.append(timeout)
            return super().wait(timeout)

    with monkeypatch.context() as patch:
        patch.setattr(threading, "Condition", Condition)
        return BackgroundProbe(asked), waits


def test_a_hanging_probe_delays_only_one_request(asked, monkeypatch):
    question, waits = watched(asked, monkeypatch)
    asked.lets.clear()
    answers = [question.answer() for _ in range(50)]
    assert answers == [TIMED_OUT] * 50
    assert 0 < waits[-1] <= WAIT_TIMEOUT
    assert sum(waits) <= START_TIMEOUT + WAIT_TIMEOUT
    assert asked.times == 1


def test_a_probe_that_is_slow_to_start_has_as_long_after_it(asked, monkeypatch):
    """A busy machine starts processes late."""
    question, waits = watched(asked, monkeypatch)
    asked.lets_start.clear()
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        answer = executor.submit(question.answer)
        wait_until(lambda: waits, "the prober to wait", PLENTY)
        assert WAIT_TIMEOUT < waits[0] <= START_TIMEOUT
        asked.lets_start.set()
        assert answer.result().passed


def test_a_probe_that_does_not_start_is_not_waited_for_without_end(asked, monkeypatch):
    monkeypatch.setattr(readiness, "START_TIMEOUT", 0.1)
    question = BackgroundProbe(asked)
    asked.lets_start.clear()
    assert [question.answer() for _ in range(50)] == [NOT_STARTED] * 50
    asked.lets_start.set()
    wait_until(lambda: question.answer().passed, "an answer", PLENTY)


def test_a_probe_that_hung_counts_again_when_it_answers(asked):
    asked.lets.clear()
    question = BackgroundProbe(asked)
    assert not question.answer().passed
    asked.lets.set()
    wait_until(lambda: question.answer().passed, "an answer", PLENTY)


def test_a_no_is_told_with_its_reason_and_no_secret():
    remember("a-well-known-secret")

    def ask(_on_start):
        raise ContentShareError(
            "It hangs.", expected="", found="a-well-known-secret", remedy="", code="share-hangs"
        )

    answer = BackgroundProbe(ask).answer()
    assert not answer.passed
    assert answer.detail == f"It hangs: {MASK}"


def test_a_probe_that_raises_counts_as_not_ready():
    answer = BackgroundProbe(lambda _: str(1 / 0)).answer()
    assert not answer.passed
    assert answer.detail == "ZeroDivisionError: division by zero"
