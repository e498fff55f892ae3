"""Tells the nginx of the container which answers are the same for whoever asks.

Two kinds of them are worth it: pages, which Kolibri itself keeps for all users (0.19.5,
``cache_no_user_data`` in core/decorators.py), and a few addresses that each learner's browser asks
again and again, whose answers hold nothing of a user.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_max_age
from django.utils.http import parse_http_date_safe

from kolibri_azure_plugin.logs.requests import REQUEST_ID_HEADER

#: nginx asks with this header (docker/nginx/pages.conf); without it, nothing here happens.
ASKED = "HTTP_X_SHARED_ANSWER"

#: How long nginx may keep the answer; it passes the header on to nobody.
#: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid
LIFETIME_HEADER = "X-Accel-Expires"

#: What an answer may depend on beside its address: nginx keeps one for each.
KEPT_APART = frozenset({"accept", "accept-encoding"})

#: Seconds that nginx keeps an answer, by the name of its address. One is enough when a class asks
#: at once, and nginx counts whole seconds: it may be two.
SAME_FOR_ALL: Mapping[str, int] = {
    "kolibri:core:channel-list": 1,
    "kolibri:core:info-list": 1,
}


#: Seconds that a request waits for one before it, which may leave it a page that is ready.
PATIENCE = 1.0


class SharedAnswers:
    """Middleware, the outermost of all, that marks what nginx may give to others too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._one_at_a_time = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_asked(request):
            return self._get_response(request)
        with self._turn():
            response = self._get_response(request)
        if _holds_nothing_of_a_user(request, response):
            lifetime = _lifetime(request, response)
            if lifetime is not None:
                response.headers[LIFETIME_HEADER] = lifetime
                # It is of one request, and others get the same answer.
                del response.headers[REQUEST_ID_HEADER]
        return response

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """When nginx's copy of a page is too old, a whole class asks for it at the same moment.

        Making it takes Kolibri fifty times as long as to find it made.
        """
        in_turn = self._one_at_a_time.acquire(timeout=PATIENCE)
        try:
            yield
        finally:
            if in_turn:
                self._one_at_a_time.release()

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],  # noqa: ARG002
        arguments: tuple[Any, ...],  # noqa: ARG002
        keywords: dict[str, Any],  # noqa: ARG002
    ) -> None:
        """Have the view answer as if nobody were signed in, who can then not be in the answer."""
        from kolibri.core.auth.middleware import get_anonymous_user_model

        if _is_asked(request) and request.resolver_match.view_name in SAME_FOR_ALL:
            request.user = get_anonymous_user_model()()
            request.COOKIES = {}


def _is_asked(request: HttpRequest) -> bool:
    return ASKED in request.META and request.method == "GET"


def _holds_nothing_of_a_user(request: HttpRequest, response: HttpResponse) -> bool:
    if response.status_code != HTTPStatus.OK or response.streaming or response.cookies:
        return False
    # Pages have none at all: Kolibri takes it from the request.
    session = getattr(request, "session", None)
    return not getattr(session, "accessed", False) and _varies_by(response) <= KEPT_APART


def _varies_by(response: HttpResponse) -> set[str]:
    names = response.headers.get("Vary", "").lower().split(",")
    return {name.strip() for name in names if name.strip()}


def _lifetime(request: HttpRequest, response: HttpResponse) -> str | None:
    """What nginx is told; None: not to keep the answer."""
    match = request.resolver_match
    if match is not None and match.view_name in SAME_FOR_ALL:
        return str(SAME_FOR_ALL[match.view_name])
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return None
    # Django's cache has kept a page for a while before: the time since it was made counts.
    until = parse_http_date_safe(response.headers.get("Expires", ""))
    if get_max_age(response) and until is not None and until > time.time():
        return f"@{until}"
    return None
