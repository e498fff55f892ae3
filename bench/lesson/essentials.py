"""What both sides must answer alike: to learners, at the sign-in, and to a coach."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.lesson.learners import Pupil, ask, client_of
from bench.lesson.mix import CLASS_PAGE, ROUND, SIGN_IN, Request
from bench.lesson.school import COACHES, LEARNERS, PASSWORD
from bench.performance.learners import sign_in
from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient

#: What differs with each answer: times, and ids of what was created for it.
NEW = {"session_id", "server_time", "timestamp", "last_activity", "start_timestamp"}

#: The same within these lists.
LISTS_OF_NEW = {"attempts", "pastattempts", "results"}

#: Of two neighbours, one has begun a video; their home pages differ.
DIFFERENT_LEARNERS = 2

#: A coach is told that the learner began the lesson and the exercise, of each answer, and of the
#: end. Stock Kolibri does so every five seconds.
NEWS_OF_A_ROUND, NEWS_SECONDS = 6, 60

LONG_AGO = "2020-01-01T00:00:00Z"


def essentials(url: str, pupils: Sequence[Pupil]) -> dict[str, object]:
    """The answers to each request of the mixes, without parts that are new each time."""
    found: dict[str, object] = {}
    for pupil in pupils[:DIFFERENT_LEARNERS]:
        found |= _answers(
            pupil.learner.name, client_of(url, pupil.learner), ROUND, dict(pupil.names)
        )
    found |= _signing_in(url)
    found |= _coach(url, pupils[0].names["classroom"])
    return found


def _signing_in(url: str) -> dict[str, object]:
    visitor = KolibriClient(url)
    visitor.request("GET", "/en/auth/")
    names = {"facility": visitor.facility()["id"], "username": LEARNERS[0]}
    return _answers("visitor", visitor, SIGN_IN, names)


def _coach(url: str, classroom: str) -> dict[str, object]:
    """What a coach sees once the server has told of the learners' work, in any order."""
    [coach] = sign_in(url, COACHES[:1], PASSWORD)
    client = client_of(url, coach)
    news = f"/coach/api/notifications/?classroom_id={classroom}"
    expected = DIFFERENT_LEARNERS * NEWS_OF_A_ROUND
    wait_until(lambda: len(client.get(news)["results"]) >= expected, "notifications", NEWS_SECONDS)
    answers = _answers("coach", client, CLASS_PAGE, {"classroom": classroom, "after": LONG_AGO})
    for answer in answers.values():
        if isinstance(answer, dict) and "results" in answer:
            answer["results"].sort(key=json.dumps)
    return answers


def _answers(
    who: str, client: KolibriClient, requests: Sequence[Request], names: dict[str, str]
) -> dict[str, Any]:
    found = {}
    for number, request in enumerate(requests, 1):
        answer = ask(client, request.of(names))
        if isinstance(answer, dict) and "session_id" in answer:
            names["session"] = answer["session_id"]
        found[f"{who}, {number}. {request.title}"] = lasting(answer)
    return found


def lasting(answer: Any, *, created: bool = False) -> Any:
    """An answer without :data:`NEW`; within what was `created`, without ids too."""
    if isinstance(answer, list):
        return [lasting(each, created=created) for each in answer]
    if not isinstance(answer, dict):
        return answer
    omitted = NEW | {"id"} if created else NEW
    return {
        key: lasting(value, created=created or key in LISTS_OF_NEW)
        for key, value in answer.items()
        if key not in omitted
    }
