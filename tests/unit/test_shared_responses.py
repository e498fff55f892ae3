"""The requests that wait for each other, and the answers that are marked."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from types import SimpleNamespace

import pytest

from kolibri_azure_plugin.speed import shared_responses
from kolibri_azure_plugin.speed.shared_responses import REQUEST_HEADER, SharedResponses

CHANNELS, OTHER = "kolibri:core:channel-list", "kolibri:core:facilityuser-list"


def request(asked=True, method="GET", view=CHANNELS, accessed=False):
    return SimpleNamespace(
        META={REQUEST_HEADER: "yes"} if asked else {},
        method=method,
        resolver_match=SimpleNamespace(view_name=view),
        session=SimpleNamespace(accessed=accessed),
    )


def response(status=200, *, streaming=False, cookies=None, **headers):
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    named = {"X-Request-ID": "0123", **named}
    answer = SimpleNamespace(
        status_code=status, streaming=streaming, cookies=cookies or {}, headers=named
    )
    answer.has_header = named.__contains__
    return answer


def mark(asked, answer):
    return SharedResponses(lambda _: answer)(asked).headers.get("X-Accel-Expires")


def test_an_answer_for_all_is_marked():
    answer = response(vary="Accept")

    assert mark(request(), answer) == "1"
    assert "X-Request-ID" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (request(asked=False), response()),
        (request(method="POST"), response()),
        (request(method="HEAD"), response()),
        (request(view=OTHER), response()),
        (request(accessed=True), response()),
        (request(), response(404)),
        (request(), response(500)),
        (request(), response(304)),
        (request(), response(streaming=True)),
        (request(), response(cookies={"kolibri": "anna"})),
        (request(), response(vary="Accept, Cookie")),
        (request(), response(vary="*")),
    ],
)
def test_an_answer_for_one_user_is_not_marked(asked, answer):
    assert mark(asked, answer) is None
    assert "X-Request-ID" in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cache_control": "max-age=15"},
        {"cache_control": "max-age=0", "expires": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"cache_control": "max-age=15", "expires": "Thu, 01 Jan 2015 00:00:00 GMT"},
        {"cache_control": "max-age=15", "expires": "soon"},
    ],
)
def test_a_page_that_kolibri_does_not_keep_is_not_marked(headers):
    assert mark(request(view="learn"), response(content_type="text/html", **headers)) is None


def test_a_page_is_kept_until_kolibri_makes_it_again():
    page = response(
        content_type="text/html; charset=utf-8",
        cache_control="max-age=15",
        expires="Fri, 01 Jan 2100 00:00:00 GMT",
        vary="accept-encoding, accept",
    )

    assert mark(request(view="learn"), page) == "@4102444800"


#: Enough seconds for everything that is not held up.
PLENTY = 20.0


class Slow:
    """Makes answers, and counts those made at once."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, _):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self._lock:
            self.now -= 1
        return response()


class Meeting:
    """Makes an answer only while it is making another one."""

    def __init__(self):
        self._two = threading.Barrier(2, timeout=PLENTY)

    def __call__(self, _):
        self._two.wait()
        return response()


def at_once(middleware, **asked):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(middleware, [request(**asked) for _ in range(4)]))


def test_answers_for_all_are_made_one_after_the_other(monkeypatch):
    monkeypatch.setattr(shared_responses, "LOCK_TIMEOUT", PLENTY)
    slow = Slow()

    at_once(SharedResponses(slow))

    assert slow.most == 1


def test_no_other_request_waits(monkeypatch):
    monkeypatch.setattr(shared_responses, "LOCK_TIMEOUT", 2 * PLENTY)

    at_once(SharedResponses(Meeting()), asked=False)


def test_a_slow_answer_delays_no_request_for_long(monkeypatch):
    monkeypatch.setattr(shared_responses, "LOCK_TIMEOUT", 0.001)

    at_once(SharedResponses(Meeting()))


def test_a_failed_answer_delays_no_request(monkeypatch):
    monkeypatch.setattr(shared_responses, "LOCK_TIMEOUT", 2 * PLENTY)

    def fail(_):
        raise LookupError("no answer")

    middleware = SharedResponses(fail)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            assert isinstance(pool.submit(middleware, request()).exception(PLENTY), LookupError)
