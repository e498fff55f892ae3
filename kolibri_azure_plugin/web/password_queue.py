"""Lets sign-ins with a password wait in nginx, so that they leave processors and threads to others.

Checking a password takes a processor 50 ms, as long as ten requests of a lesson. When classes sign
in at the same moment, all other pages would wait. nginx limits how many sign-ins begin per second
(docker/nginx/passwords.conf). It can't see whether a sign-in has a password, so the app tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

#: The header with which nginx says that it has a queue, and that the request has not been in it.
QUEUE_HEADER = "HTTP_X_PASSWORD_QUEUE"

#: The location of nginx in which the request waits, and from which it comes again.
#: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers names this header.
REDIRECT_HEADER = "X-Accel-Redirect"
QUEUE = "@password_queue"

#: How JSON is declared that is read here as Django REST framework reads it. Of another type, it may
#: read the same bytes as a form, or in another charset, and find a password that is not seen here.
JSON_TYPES = ("application/json", "application/json;charset=utf-8")


class PasswordQueue:
    """The outermost middleware: passes a sign-in with a password back to nginx once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            QUEUE_HEADER in request.META
            and request.method == "POST"
            and may_have_password(request.META.get("CONTENT_TYPE", ""), request.body)
        ):
            # The type, because nginx would keep the charset of another one for the final response.
            return HttpResponse(headers={REDIRECT_HEADER: QUEUE}, content_type="application/json")
        return self._get_response(request)


def may_have_password(content_type: str, body: bytes) -> bool:
    """False for a body that surely has no password. Learners may have none."""
    if content_type.replace(" ", "").lower() not in JSON_TYPES:
        return True
    try:
        return json.loads(body.decode()).get("password") not in (None, "")
    except (ValueError, AttributeError):
        return True
