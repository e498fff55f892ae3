"""Caches results that Kolibri otherwise computes several times per request."""

from __future__ import annotations

import contextvars
from collections.abc import Hashable
from typing import Any, Callable, TypeVar

from django.http import HttpRequest, HttpResponse

from kolibri_azure_plugin.wrapping import wraps

Result = TypeVar("Result")

#: The results of the current request; None outside of a request.
_known: contextvars.ContextVar[dict[object, Any] | None] = contextvars.ContextVar(
    "known", default=None
)


class RequestCacheMiddleware:
    """Middleware that gives each request an empty cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _known.set({})
        try:
            return self._get_response(request)
        finally:
            _known.reset(token)


def once_per_request(function: Callable[[], Result]) -> Callable[[], Result]:
    """Wrap a function to call it at most once per request; outside of requests, every time."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def remembered() -> Result:
        return remembered_in_request(name, function)

    return remembered


def remembered_in_request(question: Hashable, ask: Callable[[], Result]) -> Result:
    """The answer to a question, asked once per request; outside of requests, every time."""
    known = _known.get()
    if known is None:
        return ask()
    if question not in known:
        known[question] = ask()
    answer: Result = known[question]
    return answer


def clear_request_cache() -> None:
    """Forget the results of the current request, after it has changed what they depend on."""
    known = _known.get()
    if known is not None:
        known.clear()
