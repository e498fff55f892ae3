"""Answers health probes before Django sees the request.

Probes arrive with any Host header, over plain http and without a session, and App Service treats a
redirect as a failure. So they bypass Kolibri's middleware. They bypass Django, too, which first
checks the thread's database connection and may block on it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Callable
from urllib.parse import parse_qs

from kolibri_azure_plugin.web.health import LIVE, READY
from kolibri_azure_plugin.web.health.readiness import BackgroundProbe, ProbeResult, readiness_probes
from kolibri_azure_plugin.wrapping import wraps

#: The query parameter that sends a request on to the view for superusers.
DETAIL = "detail"

METHODS = ("GET", "HEAD")

#: The unbound ``__call__`` of a WSGI application: self, environ and start_response.
Handler = Callable[[Any, "dict[str, Any]", Callable[..., Any]], Iterable[bytes]]


def answer_probes(handle: Handler) -> Handler:
    """Wrap the ``__call__`` of a WSGI application, and answer health probes before it."""

    @wraps(handle)
    def handle_or_answer(
        application: Any, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == LIVE:
            return _respond(environ, start_response, HTTPStatus.OK, {"status": "live"})
        if path == READY and not _wants_detail(environ):
            return _respond(environ, start_response, *describe(probe_results()))
        return handle(application, environ, start_response)

    return handle_or_answer


def probe_results() -> dict[str, ProbeResult]:
    """The results of all probes, a few seconds old at most."""
    return {name: probe.answer() for name, probe in _readiness_probes().items()}


def describe(
    given: dict[str, ProbeResult], *, detailed: bool = False
) -> tuple[HTTPStatus, dict[str, Any]]:
    """Status and body: 200, or 503 and which probe failed. Only `detailed` includes the reasons."""
    ready = all(answer.passed for answer in given.values())
    checks = {
        name: {"status": _word(answer), "detail": answer.detail} if detailed else _word(answer)
        for name, answer in given.items()
    }
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return status, {"status": "ready" if ready else "not ready", "checks": checks}


@functools.lru_cache(maxsize=1)
def _readiness_probes() -> dict[str, BackgroundProbe]:
    """Created on the first request, which comes after the server has forked."""
    return readiness_probes()


def _word(answer: ProbeResult) -> str:
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
