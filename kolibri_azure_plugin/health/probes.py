"""Answers probes before anything else looks at the request.

A probe comes on any Host header, over plain http and without a session, and a redirect is a
failure for App Service. So it goes through none of Kolibri's middleware, and not through Django,
which would look after the thread's database connection first and may wait for it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Callable
from urllib.parse import parse_qs

from kolibri_azure_plugin.health.readiness import Answer, Question, questions
from kolibri_azure_plugin.wrapping import wraps

LIVE = "/azure/health/live"
READY = "/azure/health/ready"

#: With this in the query, the request goes on to a view that knows who is signed in.
DETAIL = "detail"

METHODS = ("GET", "HEAD")

#: A WSGI application's method: itself, the request's variables, and what takes status and headers.
Handler = Callable[[Any, "dict[str, Any]", Callable[..., Any]], Iterable[bytes]]


def answer_probes(handle: Handler) -> Handler:
    """Wrap the ``__call__`` of a WSGI application, so that it is not asked about health."""

    @wraps(handle)
    def handle_or_answer(
        application: Any, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == LIVE:
            return _respond(environ, start_response, HTTPStatus.OK, {"status": "live"})
        if path == READY and not _wants_detail(environ):
            return _respond(environ, start_response, *describe(answers()))
        return handle(application, environ, start_response)

    return handle_or_answer


def answers() -> dict[str, Answer]:
    """The answer to each question, as of a few seconds ago at most."""
    return {name: question.answer() for name, question in _questions().items()}


def describe(
    given: dict[str, Answer], *, detailed: bool = False
) -> tuple[HTTPStatus, dict[str, Any]]:
    """200 when all is well, else 503; which part is not, but not why, unless asked for detail."""
    ready = all(answer.passed for answer in given.values())
    checks = {
        name: {"status": _word(answer), "detail": answer.detail} if detailed else _word(answer)
        for name, answer in given.items()
    }
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return status, {"status": "ready" if ready else "not ready", "checks": checks}


@functools.lru_cache(maxsize=1)
def _questions() -> dict[str, Question]:
    """Made at the first probe: after a server that forks has forked."""
    return questions()


def _word(answer: Answer) -> str:
    return "pass" if answer.passed else "fail"


def _wants_detail(environ: dict[str, Any]) -> bool:
    return DETAIL in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)


def _respond(
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    status: HTTPStatus,
    body: dict[str, Any],
) -> list[bytes]:
    method = environ.get("REQUEST_METHOD", "GET")
    if method not in METHODS:
        status, body = HTTPStatus.METHOD_NOT_ALLOWED, {"status": "GET or HEAD only"}
    content = json.dumps(body).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(content))),
        ("Cache-Control", "no-store, max-age=0"),
    ]
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if method == "HEAD" else content]
