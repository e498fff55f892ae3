"""Sends a mix of requests as a web server would, in this process. bench.lesson.cost runs it.

Usage: python -m bench.lesson.in_process MIX TURNS

Prints JSON: for each request of the mix, its title, the statements that it sends in the last turn,
and the sorted CPU milliseconds of all turns after some to warm up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.lesson.mix import (
    CLASS_PAGE,
    HOME,
    ROUND,
    SIGN_IN,
    SIGN_IN_WITH_PASSWORD,
    Request,
    names_of,
)
from bench.lesson.school import COACHES, EXERCISE, LEARNERS, OLDER_LEARNERS, PASSWORD
from bench.requests_in_process import CSRF_TOKEN, ask, noted_statements, sign_in

WARM_UP = 5

LONG_AGO = "2020-01-01T00:00:00Z"


@dataclass(frozen=True)
class Visitor:
    """The requests of a mix, with the cookies and the ids of the one who sends them."""

    requests: Sequence[Request]
    cookies: str
    names: dict[str, str]


def _learner() -> Visitor:
    user, cookies = sign_in(LEARNERS[0])
    home = json.loads(ask("GET", HOME, cookies).body)
    return Visitor(ROUND, cookies, names_of(user, home, EXERCISE))


def _newcomer() -> Visitor:
    return _at_the_sign_in(SIGN_IN, LEARNERS[0])


def _older_newcomer() -> Visitor:
    return _at_the_sign_in(SIGN_IN_WITH_PASSWORD, OLDER_LEARNERS[0])


def _at_the_sign_in(requests: Sequence[Request], username: str) -> Visitor:
    from django.conf import settings
    from kolibri.core.auth.models import Facility

    facility = Facility.get_default_facility()
    facility.dataset.learner_can_login_with_no_password = requests is SIGN_IN
    facility.dataset.save()
    names = {"facility": facility.id, "username": username, "password": PASSWORD}
    return Visitor(requests, f"{settings.CSRF_COOKIE_NAME}={CSRF_TOKEN}", names)


def _coach() -> Visitor:
    from kolibri.core.auth.models import Classroom

    _, cookies = sign_in(COACHES[0])
    classroom = Classroom.objects.order_by("name")[0]
    return Visitor(CLASS_PAGE, cookies, {"classroom": classroom.id, "after": LONG_AGO})


MIXES: Mapping[str, Callable[[], Visitor]] = {
    "lesson": _learner,
    "signing-in": _newcomer,
    "passwords": _older_newcomer,
    "coach": _coach,
}


def main() -> None:
    visitor = MIXES[sys.argv[1]]()
    sent = noted_statements()
    times: list[list[float]] = [[] for _ in visitor.requests]
    statements: list[list[str]] = [[] for _ in visitor.requests]
    for turn in range(-WARM_UP, int(sys.argv[2])):
        for index, request in enumerate(visitor.requests):
            sent.clear()
            took = play(visitor, request)
            if turn >= 0:
                times[index].append(took)
            statements[index] = [*sent]
    found = [
        {"title": request.title, "statements": texts, "times": sorted(took)}
        for request, texts, took in zip(visitor.requests, statements, times)
    ]
    print("FOUND", json.dumps(found))


def play(visitor: Visitor, request: Request) -> float:
    """Send one request; return its CPU time in milliseconds."""
    mine = request.of(visitor.names)
    answer = ask(mine.method, mine.address, visitor.cookies, mine.body, status=mine.status)
    if mine.method == "POST" and b'"session_id"' in answer.body:
        visitor.names["session"] = json.loads(answer.body)["session_id"]
    return answer.took


if __name__ == "__main__":
    main()
