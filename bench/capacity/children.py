"""Children as users of locust; only the load's own process imports this module."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

import gevent
from locust import FastHttpUser, task
from locust.exception import StopUser

from bench.capacity.rounds import BEGIN, PAGES, PAUSE, Page, name_of, rest_of_round, sign_in
from bench.lesson.mix import Request

CSRF_COOKIE = "kolibri_csrftoken"

#: Every tenth child watches a video: it asks for a piece every ten seconds. A piece is what a video
#: of half a megabit a second needs meanwhile.
WATCHERS = 10
PIECE = 640_000
VIDEO = "a piece of a video"

#: A pause lasts at least half of the mean, and at most one and a half of it.
SPREAD = 0.5

#: A request is an error after this many seconds without an answer.
PATIENCE = 30.0

#: A piece of a video is answered with one of these, the second if it is the whole.
PIECES = (206, 200)


@dataclass
class School:
    """The facility that the children are in.

    :param password: of every child; empty if they need none.
    :param exercise: the ids of the lesson's exercise: `node`, `content` and `channel`.
    :param pace: the length of pauses; 1 is that of children, 0.1 a tenth of it.
    :param video: the path of a file to watch; empty for none.
    """

    facility: str
    password: str
    exercise: dict[str, str]
    video: str = ""
    video_bytes: int = 0
    pace: float = 1.0
    waiting: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque)

    def admit(self, children: list[dict[str, Any]]) -> None:
        """Let the next users be these children."""
        self.waiting = deque(enumerate(children))


class Child(FastHttpUser):
    """Signs in, then goes from page to page, beginning anywhere in a round."""

    school: ClassVar[School]

    insecure = False
    network_timeout = PATIENCE
    connection_timeout = PATIENCE
    concurrency = 2

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        number, self._child = self.school.waiting.popleft()
        self._watches = bool(self.school.video) and number % WATCHERS == 0
        self._names = {
            **self.school.exercise,
            **self._child["names"],
            "facility": self.school.facility,
            "username": self._child["username"],
            "password": self.school.password,
        }
        self._pages: list[Page] = []
        self._watching: Any = None

    def on_start(self) -> None:
        for request in sign_in(passwords=bool(self.school.password)):
            if not self._send(request):
                raise StopUser
        # A short run has all pages in the right proportion only if children begin anywhere.
        first = random.choices(range(len(PAGES)), [len(page) for page in PAGES])[0]
        self._pages = rest_of_round(first)
        if self._watches:
            self._watching = gevent.spawn(self._watch)

    def on_stop(self) -> None:
        if self._watching is not None:
            self._watching.kill(block=False)
        self.client.client.clientpool.close()

    @task
    def open_pages(self) -> None:
        """Open the remaining pages of this round, then begin the next one."""
        for page in self._pages:
            for request in page:
                self._send(request)
            self._pause(len(page))
        self._pages = rest_of_round(0)

    def _send(self, request: Request) -> bool:
        """Send a request; return whether its answer is the expected one."""
        headers = {}
        for cookie in self.client.cookiejar:
            if cookie.name == CSRF_COOKIE:
                headers = {"X-CSRFToken": str(cookie.value), "Referer": f"{self.host}/"}
        mine = request.of(self._names)
        if mine.body:
            headers["Content-Type"] = "application/json"
        with self.client.request(
            mine.method,
            mine.address,
            name=name_of(request),
            data=mine.body or None,
            headers=headers,
            allow_redirects=False,
            catch_response=True,
        ) as answer:
            if answer.status_code != request.status:
                answer.failure(_reason(answer))
                return False
            answer.success()
            if request is BEGIN:
                self._names["session"] = answer.json()["session_id"]
        return True

    def _watch(self) -> None:
        size = self.school.video_bytes
        while True:
            begin = random.randrange(max(size - PIECE, 1))
            last = min(begin + PIECE, size) - 1
            with self.client.get(
                self.school.video,
                name=VIDEO,
                headers={"Range": f"bytes={begin}-{last}", "Accept-Encoding": "identity"},
                catch_response=True,
            ) as answer:
                if answer.status_code not in PIECES:
                    answer.failure(_reason(answer))
            self._pause(1)

    def _pause(self, requests: int) -> None:
        spread = random.uniform(1 - SPREAD, 1 + SPREAD)
        gevent.sleep(PAUSE * requests * self.school.pace * spread)


def _reason(answer: Any) -> str:
    """Why an answer is an error: its status, or what went wrong without one."""
    return f"status {answer.status_code}" if answer.status_code else f"{answer.error}"
