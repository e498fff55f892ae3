"""Which requests wait for each other, and which answers are marked."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from types import SimpleNamespace

import pytest

from kolibri_azure_plugin.caching import shared_answers
from kolibri_azure_plugin.caching.shared_answers import ASKED, SharedAnswers

CHANNELS, OTHER = "kolibri:core:channel-list", "kolibri:core:facility-list"


def request(asked=True, method="GET", view=CHANNELS, accessed=False):
    return SimpleNamespace(
        META={ASKED: "yes"} if asked else {},
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
    return SharedAnswers(lambda _: answer)(asked).headers.get("X-Accel-Expires")


def test_what_is_the_same_for_all_is_marked():
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
def test_what_may_be_of_one_user_is_not_marked(asked, answer):
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


def test_a_page_is_kept_until_kolibri_makes_it_anew():
    page = response(
        content_type="text/html; charset=utf-8",
        cache_control="max-age=15",
        expires="Fri, 01 Jan 2100 00:00:00 GMT",
        vary="accept-encoding, accept",
    )

    assert mark(request(view="learn"), page) == "@4102444800"


class Slow:
    """Makes answers, and knows how many it made at once."""

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


def at_once(middleware, **asked):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(middleware, [request(**asked) for _ in range(4)]))


def test_answers_for_all_are_made_one_after_the_other():
    slow = Slow()

    at_once(SharedAnswers(slow))

    assert slow.most == 1


def test_nobody_else_waits():
    slow = Slow()

    at_once(SharedAnswers(slow), asked=False)

    assert slow.most > 1


def test_an_answer_that_takes_long_holds_nobody_up_for_long(monkeypatch):
    monkeypatch.setattr(shared_answers, "PATIENCE", 0.001)
    slow = Slow()

    at_once(SharedAnswers(slow))

    assert slow.most > 1


def test_an_answer_that_fails_holds_nobody_up():
    def fail(_):
        raise LookupError("no answer")

    middleware = SharedAnswers(fail)
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(LookupError):
            middleware(request())
    assert time.monotonic() - begun < shared_answers.PATIENCE
