"""Answers probes before anything else looks at the request.

A probe comes on any Host header, over plain http and without a session, and a redirect is a
failure for App Service. So it does not go through Kolibri's own middleware.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from kolibri_azure_plugin.health.readiness import Answer, Question, questions

LIVE = "/azure/health/live"
READY = "/azure/health/ready"

#: With this in the query, the request goes on to a view that knows who is signed in.
DETAIL = "detail"


class HealthProbes:
    """Django middleware for the two endpoints; it has to be the outermost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == LIVE:
            return _uncached({"status": "live"}, 200)
        if request.path_info == READY and DETAIL not in request.GET:
            return respond(answers())
        return self._get_response(request)


def answers() -> dict[str, Answer]:
    """The answer to each question, as of a few seconds ago at most."""
    return {name: question.answer() for name, question in _questions().items()}


def respond(given: dict[str, Answer], *, detailed: bool = False) -> HttpResponse:
    """200 when all is well, else 503; which part is not, but not why, unless asked for detail."""
    ready = all(answer.passed for answer in given.values())
    checks = {
        name: {"status": _word(answer), "detail": answer.detail} if detailed else _word(answer)
        for name, answer in given.items()
    }
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    return _uncached(body, 200 if ready else 503)


@functools.lru_cache(maxsize=1)
def _questions() -> dict[str, Question]:
    """Made at the first probe: after a server that forks has forked."""
    return questions()


def _word(answer: Answer) -> str:
    return "pass" if answer.passed else "fail"


def _uncached(body: Mapping[str, object], status: int) -> HttpResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store, max-age=0"
    return response
