"""What Kolibri works out many times for one request, and needs to once."""

from __future__ import annotations

import contextvars
import functools
from typing import Any, Callable, TypeVar

from django.http import HttpRequest, HttpResponse

Answer = TypeVar("Answer")

#: Answers by the name of the function, while a request is answered.
_known: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "known", default=None
)


class RequestMemory:
    """Middleware that begins and ends the time for which something is remembered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _known.set({})
        try:
            return self._get_response(request)
        finally:
            _known.reset(token)


def once_per_request(function: Callable[[], Answer]) -> Callable[[], Answer]:
    """Wrap a function so that it is called once in each request; outside of one, each time."""
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def remembered() -> Answer:
        known = _known.get()
        if known is None:
            return function()
        if name not in known:
            known[name] = function()
        answer: Answer = known[name]
        return answer

    return remembered


def forget() -> None:
    """A request has changed what may have been remembered."""
    known = _known.get()
    if known is not None:
        known.clear()
