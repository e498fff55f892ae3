"""Which of Kolibri's cached values another instance may change at any moment.

Kolibri keeps them for 5 to 83 minutes and clears them when it changes them itself, which another
instance does not see. Clearing a shared cache would not do either: whoever read the old value a
moment before may write it back a moment after. Here they live in the memory of the process, two
seconds from when they were read, so a stale one can't outlast that, whatever happens in between.
The price is one read by primary key every two seconds, in each process, of each such value.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache

#: Seconds that such a value is believed. Instances are to agree within five.
FRESH_SECONDS = 2.0

#: How the keys begin (0.19.5): core/device/models.py, core/auth/middleware.py and
#: core/auth/utils/picture_passwords.py. Their readers all cope with a value that is gone.
FRESH_PREFIXES = (
    "device_settings_cache_key",
    "content_cache_key",
    "app_key",
    "USER_BY_SESSION_CACHE_",
    "learner_count_",
)

#: Each signed-in user takes one entry for two seconds.
FRESH_ENTRIES = 2000


def must_stay_fresh(key: str) -> bool:
    """True for what another instance may change at any moment."""
    return key.startswith(FRESH_PREFIXES)


class _Memory(LocMemCache):
    """Django's cache in memory, for keys that no other cache ever sees."""

    def validate_key(self, key: str) -> None:
        """Django looks at each character, for those that memcached would not take.

        A request asks fifty times. https://docs.djangoproject.com/en/3.2/topics/cache/ says how
        to go without.
        """


class FreshKeys(BaseCache):
    """Goes in front of a cache backend, and keeps from it what must stay fresh."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(location, params)
        self._fresh = _Memory("fresh", {"OPTIONS": {"MAX_ENTRIES": FRESH_ENTRIES}})

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        if must_stay_fresh(key):
            return self._fresh.get(key, default, version)
        return super().get(key, default, version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        missing = object()
        found = {key: self.get(key, missing, version) for key in keys}
        return {key: value for key, value in found.items() if value is not missing}

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        if must_stay_fresh(key):
            self._fresh.set(key, value, _at_most(timeout), version)
        else:
            super().set(key, value, timeout, version)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        if must_stay_fresh(key):
            return bool(self._fresh.add(key, value, _at_most(timeout), version))
        return bool(super().add(key, value, timeout, version))

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """What must stay fresh gains no time by being touched."""
        if must_stay_fresh(key):
            return bool(self._fresh.has_key(key, version))
        return bool(super().touch(key, timeout, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        if must_stay_fresh(key):
            return bool(self._fresh.delete(key, version))
        return bool(super().delete(key, version))

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        for key in keys:
            self.delete(key, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        if must_stay_fresh(key):
            return bool(self._fresh.has_key(key, version))
        return bool(super().has_key(key, version))

    def forget_fresh(self) -> None:
        """Forget all of what another instance may change."""
        self._fresh.clear()

    def clear(self) -> None:
        self.forget_fresh()
        super().clear()

    def cull(self) -> None:
        """Kolibri asks its process cache for this at each start; here entries expire anyway."""


class MemoryCache(FreshKeys, _Memory):
    """Kolibri's own default cache, in the memory of the process.

    What else it holds is named after the content's cache key, or does not change.
    """


def _at_most(timeout: Any) -> float:
    if timeout is DEFAULT_TIMEOUT or timeout is None:
        return FRESH_SECONDS
    return min(float(timeout), FRESH_SECONDS)
