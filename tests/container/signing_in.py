"""A WSGI application that has the queue for passwords before it, and says what reaches it."""

from __future__ import annotations

import time

import kolibri  # noqa: F401 (puts Django on the path)
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"])

from django.core.handlers.wsgi import WSGIRequest  # noqa: E402 (needs the settings)
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402

from kolibri_azure_plugin.web.password_queue import QUEUE_HEADER, PasswordQueue  # noqa: E402


def _view(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {
            "method": request.method,
            "path": request.path,
            "body": request.body.decode(),
            "marked": QUEUE_HEADER in request.META,
            "at": time.monotonic(),
        }
    )


def application(environ, start_response):
    """Answer with what is known of the request, and the seconds of the machine's clock."""
    response = PasswordQueue(_view)(WSGIRequest(environ))
    start_response(f"{response.status_code} OK", list(response.items()))
    return [response.content]
