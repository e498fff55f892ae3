"""The learners of a lesson, signed in on one side, and the requests of each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.lesson.mix import HOME, ROUND, Request, names_of
from bench.lesson.school import EXERCISE, LEARNERS
from bench.performance.learners import HEADERS, Learner, WrongAnswerError, sign_in
from bench.performance.load import Line
from devtools.kolibri_client import KolibriClient


@dataclass(frozen=True)
class Pupil:
    """A learner, with the ids of their class, lesson and exercise; see bench.lesson.mix."""

    learner: Learner
    names: Mapping[str, str]

    @property
    def lines(self) -> list[Line]:
        """One round of the lesson."""
        return lines(ROUND, self.names, self.learner.cookie_header)


def pupils(url: str, names: Sequence[str] = LEARNERS) -> list[Pupil]:
    """Sign in learners who have no passwords."""
    found = []
    for learner in sign_in(url, names, password=""):
        home = ask(client_of(url, learner), Request("GET", HOME))
        found.append(Pupil(learner, names_of(learner.id, home, EXERCISE)))
    return found


def lines(requests: Sequence[Request], names: Mapping[str, str], cookies: str) -> list[Line]:
    """The requests of one visitor for wrk."""
    own = [request.of(names) for request in requests]
    return [Line(each.address, cookies, each.method, each.body, each.status) for each in own]


def client_of(url: str, learner: Learner) -> KolibriClient:
    """A browser in which the learner is signed in."""
    client = KolibriClient(url)
    client.session.headers.update(HEADERS)
    host = urlsplit(url).hostname
    for name, value in learner.cookies.items():
        client.session.cookies.set(name, value, domain=host)
    return client


def ask(client: KolibriClient, request: Request) -> Any:
    """The JSON that Kolibri answers.

    :raises WrongAnswerError: if the status is another than expected.
    """
    options: dict[str, Any] = {"allow_redirects": False}
    if request.body:
        options.update(data=request.body.encode(), headers={"Content-Type": "application/json"})
    answer = client.request(request.method, request.address, **options)
    if answer.status_code != request.status:
        raise WrongAnswerError(
            f"{request.method} {request.address} answered {answer.status_code} instead of "
            f"{request.status}: {answer.text[:500]}"
        )
    return answer.json()
