"""What Kolibri works out many times for one request, and needs to once."""

from __future__ import annotations

import contextvars
from typing import Any, Callable, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from kolibri_azure_plugin.wrapping import wraps

Answer = TypeVar("Answer")

#: Answers by what was asked, while a request is answered.
_known: contextvars.ContextVar[dict[object, Any] | None] = contextvars.ContextVar(
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

    @wraps(function)
    def remembered() -> Answer:
        known = _known.get()
        if known is None:
            return function()
        if name not in known:
            known[name] = function()
        answer: Answer = known[name]
        return answer

    return remembered


def resolve_once(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``URLResolver.resolve``: the same address leads to the same view in one request.

    Which it is may depend on the language of the moment.
    """

    @wraps(resolve)
    def resolve_remembered(self: Any, path: Any) -> Any:
        known = _known.get()
        # A whole address begins with a slash; the patterns below the first one get its rest.
        if known is None or not isinstance(path, str) or not path.startswith("/"):
            return resolve(self, path)
        question = (self, path, get_language())
        if question not in known:
            known[question] = resolve(self, path)
        return known[question]

    return resolve_remembered


def forget() -> None:
    """A request has changed what may have been remembered."""
    known = _known.get()
    if known is not None:
        known.clear()
