"""What is worked out once in a request, and when it is worked out anew."""

from __future__ import annotations

import threading

import pytest

from kolibri_azure_plugin.caching import once_per_request
from kolibri_azure_plugin.caching.once_per_request import RequestMemory, forget, resolve_once


class Counter:
    """Answers with how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.asked


class Resolver:
    """Where Django looks for the view of an address."""

    def __init__(self):
        self.asked = []

    @resolve_once
    def resolve(self, path):
        self.asked.append(path)
        if path == "/missing/":
            raise LookupError(path)
        return object()


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def language(monkeypatch):
    """The language of the moment."""
    current = ["en"]
    monkeypatch.setattr(once_per_request, "get_language", lambda: current[0])
    return current


@pytest.fixture
def remembered(counter):
    def ask():
        return counter()

    return once_per_request.once_per_request(ask)


def in_request(function):
    return RequestMemory(lambda _: function())(None)


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


def test_what_a_request_changes_it_sees(remembered):
    def change():
        before = remembered()
        forget()
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
        once_per_request.once_per_request(function) for function in (lambda: "a", _second)
    )

    assert in_request(lambda: (first(), second())) == ("a", "b")


def _second():
    return "b"


def test_a_view_is_looked_for_once(language):
    resolver = Resolver()

    in_request(lambda: [resolver.resolve("/en/learn/") for _ in range(3)])

    assert resolver.asked == ["/en/learn/"]


def test_another_language_resolver_or_address_may_lead_to_another_view(language):
    first, second = Resolver(), Resolver()

    def look():
        first.resolve("/en/learn/")
        language[0] = "fr"
        first.resolve("/en/learn/")
        first.resolve("/fr/learn/")
        second.resolve("/fr/learn/")

    in_request(look)

    assert first.asked == ["/en/learn/", "/en/learn/", "/fr/learn/"]
    assert second.asked == ["/fr/learn/"]


def test_an_address_without_a_view_stays_without(language):
    resolver = Resolver()

    def look():
        for _ in range(2):
            with pytest.raises(LookupError):
                resolver.resolve("/missing/")

    in_request(look)

    assert resolver.asked == ["/missing/", "/missing/"]


def test_the_rest_of_an_address_is_looked_for_each_time(language):
    resolver = Resolver()

    in_request(lambda: [resolver.resolve("learn/") for _ in range(2)])

    assert resolver.asked == ["learn/", "learn/"]
