"""Values that are computed once in a request, and when they are computed again."""

from __future__ import annotations

import threading

import pytest

from kolibri_azure_plugin.speed import request_cache
from kolibri_azure_plugin.speed.request_cache import RequestCacheMiddleware, clear_request_cache


class Counter:
    """Returns the number of its calls."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.asked


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def remembered(counter):
    def ask():
        return counter()

    return request_cache.once_per_request(ask)


def in_request(function):
    return RequestCacheMiddleware(lambda _: function())(None)


def test_a_request_asks_once(remembered):
    assert in_request(lambda: [remembered(), remembered()]) == [1, 1]


def test_the_next_request_asks_again(remembered):
    assert [in_request(remembered), in_request(remembered)] == [1, 2]


def test_outside_of_a_request_it_is_asked_each_time(remembered):
    assert [remembered(), remembered()] == [1, 2]


def test_a_request_that_failed_leaves_nothing_behind(remembered):
    def fail():
        remembered()
        raise LookupError("no answer")

    with pytest.raises(LookupError, match="no answer"):
        in_request(fail)

    assert [remembered(), remembered()] == [2, 3]


def test_a_request_sees_its_own_changes(remembered):
    def change():
        before = remembered()
        clear_request_cache()
        return before, remembered()

    assert in_request(change) == (1, 2)


def test_requests_at_the_same_time_know_nothing_of_each_other(remembered):
    answers = []

    def meanwhile():
        thread = threading.Thread(target=lambda: answers.append(in_request(remembered)))
        answers.append(remembered())
        thread.start()
        thread.join()
        answers.append(remembered())

    in_request(meanwhile)

    assert answers == [1, 2, 1]


def test_two_functions_are_told_apart(counter):
    first, second = (
        request_cache.once_per_request(function) for function in (lambda: "a", _second)
    )

    assert in_request(lambda: (first(), second())) == ("a", "b")


def _second():
    return "b"
