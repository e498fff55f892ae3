"""Django settings for the plugin's worst case: each request is the first for a long time.

Short-lived caches are emptied before each request, as they are when visitors come more than two
seconds apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from kolibri.deployment.default.settings.base import *  # noqa: F403
from kolibri.deployment.default.settings.base import MIDDLEWARE

MIDDLEWARE = ["bench.cold_requests.forget", *MIDDLEWARE]


def forget(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Middleware that empties the short-lived caches."""
    fresh = LocMemCache("fresh", {})

    def clear_and_respond(request: Any) -> Any:
        fresh.clear()
        return get_response(request)

    return clear_and_respond
