"""Remembers which view an address leads to.

Django and Kolibri's middleware look for the view of each request, up to four times, among several
hundred addresses.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

from django.utils.translation import get_language

from kolibri_azure_plugin.wrapping import wraps

#: Addresses that a process remembers, most of them with somebody's id. Each takes 1 kB.
MAX_ADDRESSES = 4000


def remember_views(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``URLResolver.resolve``.

    The answer depends on the addresses, which never change, and where an address begins without a
    language, on the active language and the device's (0.19.5, core/device/translation.py). It holds
    nothing of the request. An address without a view is not remembered.
    """
    from kolibri.core.device import translation

    @functools.lru_cache(MAX_ADDRESSES)
    def find(resolver: Any, path: str, *_languages: str | None) -> Any:
        return resolve(resolver, path)

    @wraps(resolve)
    def resolve_remembered(self: Any, path: Any) -> Any:
        # Only the root resolver sees the whole path, which begins with a slash.
        if not isinstance(path, str) or not path.startswith("/"):
            return resolve(self, path)
        return find(self, path, get_language(), translation.get_device_language())

    return resolve_remembered
