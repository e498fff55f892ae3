"""Django settings: the plugin's, at the worst: each request is the first for a long time.

What has to stay fresh is forgotten at the start of each request, as it is when visitors come more
than two seconds apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from kolibri.deployment.default.settings.base import *  # noqa: F403
from kolibri.deployment.default.settings.base import MIDDLEWARE

MIDDLEWARE = ["bench.rare_visitors.forget", *MIDDLEWARE]


def forget(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Middleware."""
    fresh = LocMemCache("fresh", {})

    def forget_and_answer(request: Any) -> Any:
        fresh.clear()
        return get_response(request)

    return forget_and_answer
