"""Learners in a lesson, a coach who watches them, and a visitor who searches."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any, Callable

import requests

from bench.performance.school import LEARNERS, PASSWORD
from bench.soak.worker import Worker
from devtools.channel.content import CHANNEL_ID, EXERCISE_TITLE, identifier
from devtools.channel.exercise import MASTERY, QUESTIONS
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

#: After this many rounds, a visitor closes the browser and signs in with a new one.
ROUNDS_OF_A_VISIT = 10

WORDS = ("sums", "counting", "apples", "nine", "small", "nothing")

TRACK = "/api/logger/trackprogress/"

Request = tuple[str, str, Any]


class Visitors(Worker):
    """Threads that visit the site until all requests are done, or they are stopped."""

    def _tasks(self) -> list[Callable[[], None]]:
        kinds = [self._learn, self._learn, self._learn, self._learn, self._coach, self._search]
        return [functools.partial(self._visit, kind, number) for number, kind in enumerate(kinds)]

    def _visit(self, kind: Any, number: int) -> None:
        names = itertools.cycle(LEARNERS[number::6] if kind == self._learn else (SUPERUSER,))
        while not self._over:
            name = next(names)
            password = PASSWORD if name != SUPERUSER else SUPERUSER_PASSWORD
            client = KolibriClient(self._site.url)
            try:
                session = client.sign_in(name, password)
            except (requests.RequestException, OSError) as error:
                self.failures.append(f"sign-in: {error}")
                self._stopped.wait(1)
                continue
            self._progress.add("requests", 3)
            for _ in range(ROUNDS_OF_A_VISIT):
                if self._over:
                    return
                kind(client, session["user_id"])

    @property
    def _over(self) -> bool:
        return self._stopped.is_set() or self._progress.done["requests"] >= self._goal

    def _learn(self, client: KolibriClient, user: str) -> None:
        facts, node = self._site.facts, identifier(EXERCISE_TITLE)
        lesson = facts["lesson"]
        self._ask(
            client,
            [
                ("GET", "/en/learn/", None),
                ("PUT", "/api/auth/session/current/", {"active": True}),
                ("GET", "/learn/api/state", None),
                ("GET", "/api/content/channel/", None),
                ("GET", f"/api/logger/userprogress/{user}/", None),
                ("GET", "/learn/api/homehydrate", None),
                ("GET", f"/learn/api/learnerclassroom/{facts['classroom']}/", None),
                ("GET", f"/learn/api/learnerlesson/{lesson}/", None),
                ("GET", f"/api/content/usercontentnode/?lesson={lesson}", None),
                ("GET", f"/api/content/contentnodeprogress/?lesson={lesson}", None),
                ("GET", f"/api/bookmarks/bookmarks/?contentnode_id={node}", None),
            ],
        )
        begun = self._ask_one(
            client,
            (
                "POST",
                TRACK,
                {
                    "node_id": node,
                    "content_id": identifier(f"content of {EXERCISE_TITLE}"),
                    "channel_id": CHANNEL_ID,
                    "kind": "exercise",
                    "mastery_model": MASTERY,
                    "lesson_id": lesson,
                    "repeat": False,
                },
            ),
        )
        if begun is not None:
            self._ask(client, _answers(begun.json()["session_id"]))

    def _coach(self, client: KolibriClient, _user: str) -> None:
        classroom, lesson = self._site.facts["classroom"], self._site.facts["lesson"]
        self._ask(
            client,
            [
                ("GET", "/en/coach/", None),
                ("GET", f"/coach/api/classsummary/{classroom}/", None),
                ("GET", f"/coach/api/notifications/?classroom_id={classroom}&limit=10", None),
                ("GET", f"/coach/api/lessonreport/{lesson}/", None),
                ("GET", f"/api/lessons/lesson/?collection={classroom}", None),
                ("GET", f"/api/auth/facilityuser/?member_of={classroom}", None),
            ],
        )

    def _search(self, client: KolibriClient, _user: str) -> None:
        word = random.choice(WORDS) + str(random.randrange(1000))
        self._ask(
            client,
            [
                ("GET", f"/api/content/contentnode_search/?search={word}", None),
                ("GET", f"/api/content/contentnode/?keywords={word}&max_results=25", None),
                ("GET", "/api/content/contentnode/?available=true&max_results=25", None),
                ("GET", f"/api/content/contentnode_tree/{identifier('root')}/", None),
                ("GET", "/api/public/info/", None),
                ("GET", "/api/public/v2/channel/", None),
            ],
        )

    def _ask(self, client: KolibriClient, asked: Sequence[Request] | Iterator[Request]) -> None:
        for request in asked:
            self._ask_one(client, request)

    def _ask_one(self, client: KolibriClient, request: Request) -> requests.Response | None:
        method, path, data = request
        self._progress.add("requests")
        try:
            answer = client.request(method, path, json=data)
        except (requests.RequestException, OSError) as error:
            self.failures.append(f"{method} {path}: {error}")
            return None
        if not answer.ok:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text[:100]}")
            return None
        return answer


def _answers(session: str) -> Iterator[Request]:
    for question in QUESTIONS:
        correct = random.randrange(2)
        answered = {
            "item": question.id,
            "correct": correct,
            "complete": bool(correct),
            "time_spent": 5,
            "answer": {"choice": 1},
        }
        yield (
            "PUT",
            f"{TRACK}{session}/",
            {"time_spent_delta": 5, "progress_delta": 0.1, "interactions": [answered]},
        )
