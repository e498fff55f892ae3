"""The lesson's mix is what Chromium was recorded to ask for, and its load plays it faithfully."""

from __future__ import annotations

import gzip
import http.server
import json
import re
import shutil
import threading
from typing import ClassVar

import pytest

from bench.lesson import cost, recorded
from bench.lesson.cost import Cost
from bench.lesson.essentials import lasting
from bench.lesson.learners import lines
from bench.lesson.mix import CLASS_PAGE, HOME, ROUND, SIGN_IN, Request, names_of
from bench.performance.load import all_at_once

NEEDS_WRK = pytest.mark.skipif(shutil.which("wrk") is None, reason="apt-get install wrk")

NAMES = {
    name: f"{number:032x}"
    for number, name in enumerate(
        ("user", "classroom", "lesson", "node", "content", "channel", "facility"), 1
    )
}

#: The round that issue 16 describes, by the last word of each address.
ROUND_IN_WORDS = """
    PUT session, GET state, GET channel, GET userprogress, GET homehydrate,
    GET learnerclassroom, GET learnerclassroom,
    GET usercontentnode, GET contentnodeprogress, GET learnerlesson,
    PUT session, GET channel, GET bookmarks, POST trackprogress,
    PUT trackprogress, PUT trackprogress with an answer,
    PUT trackprogress, PUT trackprogress with an answer,
    PUT session, GET state, GET userprogress,
    PUT trackprogress, PUT trackprogress with an answer
"""


@pytest.mark.parametrize("scene", recorded.MIXES)
def test_chromium_sent_each_request_of_a_mix_in_this_order(scene):
    assert recorded.first_missing(recorded.load()[scene], recorded.MIXES[scene]) is None


@pytest.mark.parametrize(
    "changed",
    [
        Request("POST", HOME),
        Request("GET", "/learn/api/homehydrated"),
        Request("GET", f"{HOME}?since=1"),
        Request("PUT", ROUND[0].address, json.dumps({"active": True})),
    ],
    ids=["method", "path", "query", "body"],
)
def test_a_request_that_chromium_did_not_send_is_found(changed):
    mix = [*ROUND[:4], changed]
    assert recorded.first_missing(recorded.load()["lesson"], mix) is changed


def test_requests_in_another_order_are_found():
    mix = [ROUND[9], ROUND[4]]
    # Chromium asks for the home page once more at the end, but for no class after that.
    assert recorded.first_missing(recorded.load()["lesson"], [*mix, ROUND[5]]) is ROUND[5]


def test_what_a_mix_leaves_out_is_listed():
    asked = [
        {"method": "GET", "address": "/a"},
        {"method": "GET", "address": "/b?c=1"},
        {"method": "PUT", "address": "/a", "body": {"d": 1}},
    ]
    mix = [Request("GET", "/a"), Request("PUT", "/a", '{"d": 2}')]
    assert list(recorded.left_out(asked, mix)) == ["GET /b?c=1"]


def test_the_recording_contains_no_ids():
    recording = recorded.load()
    words = json.dumps(recording).replace('"', "/").replace("=", "/").replace("&", "/").split("/")
    items = {
        attempt["item"]
        for each in recording["lesson"]
        for attempt in (each.get("body") or {}).get("interactions", [])
    }
    ids = {word for word in words if len(word) == 32 and set(word) <= set("0123456789abcdef")}
    assert ids == items


def test_a_round_has_the_requests_that_were_agreed_on():
    agreed = [" ".join(each.split()) for each in ROUND_IN_WORDS.split(",")]
    assert [request.title for request in ROUND] == agreed


def test_a_learner_fills_in_their_own_ids():
    for request in (*ROUND, *SIGN_IN, *CLASS_PAGE):
        own = request.of({**NAMES, "username": "ada", "after": "2026", "session": "f" * 32})
        assert "$" not in own.address
        assert "$" not in own.body


def test_the_ids_of_a_lesson_come_from_the_home_page():
    nodes = [
        {"title": "A video", "id": "v", "content_id": "cv", "channel_id": "ch"},
        {"title": "Sums", "id": "s", "content_id": "cs", "channel_id": "ch"},
    ]
    lesson = {"id": "l", "resources": [{"contentnode": node} for node in nodes]}
    home = {"classrooms": [{"id": "c", "lessons": [lesson]}]}
    assert names_of("u", home, "Sums") == {
        "user": "u",
        "classroom": "c",
        "lesson": "l",
        "node": "s",
        "content": "cs",
        "channel": "ch",
    }


def test_answers_are_compared_without_what_is_new_each_time():
    answer = {
        "server_time": "now",
        "session_id": "1",
        "id": "current",
        "attempts": [{"id": "2", "correct": 1}],
        "lessons": [{"id": "3"}],
    }
    assert lasting(answer) == {
        "id": "current",
        "attempts": [{"correct": 1}],
        "lessons": [{"id": "3"}],
    }


def test_the_cost_of_a_round_is_the_sum_of_its_requests():
    stock = [Cost("GET a", ["SELECT 1", "SELECT 2"], 2.5), Cost("PUT b", ["UPDATE"], 1.0)]
    plugin = [Cost("GET a", [], 0.5), Cost("PUT b", ["UPDATE"], 1.0)]
    assert list(cost.lines("a round", stock, plugin)) == [
        ["GET a", "2", "0", "2.5", "0.5"],
        ["PUT b", "1", "1", "1.0", "1.0"],
        ["**a round: 2 requests**", "3", "1", "3.5", "1.5"],
    ]


class Kolibri(http.server.BaseHTTPRequestHandler):
    """Gives each POST of a learner a new session, and notes what each learner sent."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for each answer
    seen: ClassVar[dict[str, list[tuple[str, str, str, str]]]] = {}

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        mine = self.seen.setdefault(self.headers["Cookie"], [])
        mine.append((self.command, self.path, self.headers.get("X-CSRFToken", ""), body))
        content = json.dumps({"session_id": f"{len(mine):032x}"}).encode()
        self.send_response(400 if self.path == "/refused" else 200)
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            # As the image does, and stock Kolibri does not.
            content = gzip.compress(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer()

    def do_PUT(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def kolibri():
    class Handler(Kolibri):
        seen: ClassVar[dict[str, list[tuple[str, str, str, str]]]] = {}

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", Handler.seen
        server.shutdown()


def cookies(name):
    return f"kolibri={name}; kolibri_csrftoken=token-of-{name}"


def without_session(address):
    return re.sub(r"/trackprogress/[0-9a-f]{32}/", "/trackprogress/$session/", address)


@NEEDS_WRK
@pytest.mark.parametrize("name", ["ada", "bob"])
def test_each_learner_plays_the_own_round_in_order(kolibri, name):
    url, seen = kolibri
    names = ("ada", "bob")
    visitors = {each: lines(ROUND, {**NAMES, "user": each}, cookies(each)) for each in names}

    load = all_at_once(url, list(visitors.values()), 1)

    assert load.errors == 0
    assert seen.keys() == {cookies(each) for each in names}
    order = [(line.method, line.address) for line in visitors[name]]
    first, *asked = [(method, without_session(at)) for method, at, *_ in seen[cookies(name)]]
    assert first == ("POST", "/api/logger/trackprogress/")
    assert asked
    assert any(
        asked == [order[(start + at) % len(order)] for at in range(len(asked))]
        for start in range(len(order))
    )


@NEEDS_WRK
def test_writes_bring_the_token_of_their_cookies_and_the_session_of_the_last_post(kolibri):
    url, seen = kolibri
    all_at_once(url, [lines(ROUND, NAMES, cookies("ada"))], 1)
    [asked] = seen.values()
    session = ""
    for number, (method, address, token, body) in enumerate(asked, 1):
        if method == "GET":
            continue
        assert token == "token-of-ada"
        assert json.loads(body)
        if method == "POST":
            session = f"{number:032x}"
        elif "trackprogress" in address:
            assert address == f"/api/logger/trackprogress/{session}/"
    assert session


@NEEDS_WRK
def test_learners_begin_at_different_requests_of_the_round(kolibri):
    url, seen = kolibri
    names = [f"learner-{number}" for number in range(4)]
    all_at_once(url, [lines(ROUND, NAMES, cookies(name)) for name in names], 1)
    assert len({asked[1][1] for asked in seen.values()}) > 2


@NEEDS_WRK
def test_only_another_status_than_expected_is_an_error(kolibri):
    url, _ = kolibri
    refused = Request("POST", "/refused", "{}", 400)
    assert all_at_once(url, [lines([refused], {}, cookies("ada"))], 1).errors == 0
    unexpected = Request("POST", "/refused", "{}")
    load = all_at_once(url, [lines([unexpected], {}, cookies("ada"))], 1)
    assert load.failures.keys() == {"status"}
