"""Tells nginx in the container which responses are the same for all users.

Two kinds are worth caching: pages, which Kolibri itself caches for all users (0.19.5,
``cache_no_user_data`` in core/decorators.py), and a few URLs that each learner's browser requests
again and again, whose responses contain nothing about the user, or are those for visitors who have
not signed in.
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

#: The header with which nginx enables this module (docker/nginx/pages.conf).
REQUEST_HEADER = "HTTP_X_SHARED_RESPONSE"

#: How long nginx may cache the response. nginx removes this header.
#: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid
LIFETIME_HEADER = "X-Accel-Expires"

#: The headers that a response may vary by. nginx caches each variant.
ALLOWED_VARY = frozenset({"accept", "accept-encoding"})

#: Seconds that nginx caches a view's response, by the view's name. One is enough for a class whose
#: browsers ask at once. nginx counts whole seconds, so it may be two.
SHARED_VIEWS: Mapping[str, int] = {
    "kolibri:core:channel-list": 1,
    "kolibri:core:info-list": 1,
    # Only for visitors without a session; nginx passes on all others.
    "kolibri:core:facility-list": 1,
    "kolibri:core:facilitydataset-list": 1,
}

#: Seconds that a request waits for an earlier one, which may leave the page in Kolibri's cache.
LOCK_TIMEOUT = 1.0


class SharedResponses:
    """The outermost middleware, which marks responses that nginx may serve to all users."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_shared_request(request):
            return self._get_response(request)
        with self._render_lock():
            response = self._get_response(request)
        if _is_user_independent(request, response):
            lifetime = _lifetime(request, response)
            if lifetime is not None:
                response.headers[LIFETIME_HEADER] = lifetime
                # The id belongs to one request, but others get the same response.
                del response.headers[REQUEST_ID_HEADER]
        return response

    @contextlib.contextmanager
    def _render_lock(self) -> Iterator[None]:
        """Let one request render while the others wait for the result in Kolibri's cache.

        When nginx's copy of a page expires, a whole class requests the page at the same moment.
        Rendering takes Kolibri fifty times as long as a cache hit.
        """
        in_turn = self._lock.acquire(timeout=LOCK_TIMEOUT)
        try:
            yield
        finally:
            if in_turn:
                self._lock.release()

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],  # noqa: ARG002
        arguments: tuple[Any, ...],  # noqa: ARG002
        keywords: dict[str, Any],  # noqa: ARG002
    ) -> None:
        """Make the view respond to an anonymous user, so that the response contains no user."""
        from kolibri.core.auth.middleware import get_anonymous_user_model

        if _is_shared_request(request) and request.resolver_match.view_name in SHARED_VIEWS:
            request.user = get_anonymous_user_model()()
            request.COOKIES = {}


def _is_shared_request(request: HttpRequest) -> bool:
    return REQUEST_HEADER in request.META and request.method == "GET"


def _is_user_independent(request: HttpRequest, response: HttpResponse) -> bool:
    if response.status_code != HTTPStatus.OK or response.streaming or response.cookies:
        return False
    # For pages, Kolibri removes the session from the request.
    session = getattr(request, "session", None)
    return not getattr(session, "accessed", False) and _vary_headers(response) <= ALLOWED_VARY


def _vary_headers(response: HttpResponse) -> set[str]:
    names = response.headers.get("Vary", "").lower().split(",")
    return {name.strip() for name in names if name.strip()}


def _lifetime(request: HttpRequest, response: HttpResponse) -> str | None:
    """The value of LIFETIME_HEADER; None when nginx must not cache the response."""
    match = request.resolver_match
    if match is not None and match.view_name in SHARED_VIEWS:
        return str(SHARED_VIEWS[match.view_name])
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return None
    # The page may come from Django's cache, so count from when it was rendered.
    until = parse_http_date_safe(response.headers.get("Expires", ""))
    if get_max_age(response) and until is not None and until > time.time():
        return f"@{until}"
    return None
