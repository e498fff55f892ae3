"""Limits how long a process may use a cached value that another instance can change.

Kolibri caches these values for 5 to 83 minutes, and clears them when it changes them itself, which
other instances do not notice. Clearing a shared cache would not be enough: a process that read the
old value just before may write it back just after. So these values are cached in the memory of the
process, for two seconds after they were read. No stale value can live longer than that. The price
is one read by primary key per value and process every two seconds.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache

#: Seconds that such a value is cached. Instances must agree within five.
FRESH_SECONDS = 2.0

#: The prefix of the keys under which the plugin keeps the work of a class (classwork.py).
CLASSWORK_PREFIX = "azure_classwork_"

#: The prefixes of their keys (0.19.5): core/device/models.py, core/auth/middleware.py and
#: core/auth/utils/picture_passwords.py. All their readers can handle a missing value.
FRESH_PREFIXES = (
    "device_settings_cache_key",
    "content_cache_key",
    "app_key",
    "USER_BY_SESSION_CACHE_",
    "learner_count_",
    CLASSWORK_PREFIX,
)

#: The size of the cache. Each signed-in user takes one entry for two seconds.
FRESH_ENTRIES = 2000


def must_stay_fresh(key: str) -> bool:
    """True for the key of a value that another instance may change at any moment."""
    return key.startswith(FRESH_PREFIXES)


class _Memory(LocMemCache):
    """Django's memory cache, for keys that never reach another cache."""

    def validate_key(self, key: str) -> None:
        """Skip Django's check for characters that memcached does not allow.

        It looks at each character of each key, 3 µs for a key.
        https://docs.djangoproject.com/en/3.2/topics/cache/ describes this override.
        """


class FreshKeys(BaseCache):
    """A mixin for cache backends that caches values which must stay fresh in memory instead."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(location, params)
        self._fresh = _Memory("fresh", {"OPTIONS": {"MAX_ENTRIES": FRESH_ENTRIES}})

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        if must_stay_fresh(key):
            return self._fresh.get(key, default, version)
        return super().get(key, default, version=version)

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
            super().set(key, value, timeout, version=version)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        if must_stay_fresh(key):
            return bool(self._fresh.add(key, value, _at_most(timeout), version))
        return bool(super().add(key, value, timeout, version=version))

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Touching a key does not extend the life of a value that must stay fresh."""
        if must_stay_fresh(key):
            return bool(self._fresh.has_key(key, version))
        return bool(super().touch(key, timeout, version=version))

    def delete(self, key: str, version: int | None = None) -> bool:
        if must_stay_fresh(key):
            return bool(self._fresh.delete(key, version))
        return bool(super().delete(key, version=version))

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        for key in keys:
            self.delete(key, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        if must_stay_fresh(key):
            return bool(self._fresh.has_key(key, version))
        return bool(super().has_key(key, version=version))

    def forget_fresh(self) -> None:
        """Forget all values that another instance may change."""
        self._fresh.clear()

    def clear(self) -> None:
        self.forget_fresh()
        super().clear()

    def cull(self) -> None:
        """Do nothing: Kolibri culls its process cache at each start, but here entries expire."""


class MemoryCache(FreshKeys, _Memory):
    """Kolibri's own default cache, in the memory of the process.

    Its other values never change, or have the content's cache key in their own key.
    """


def _at_most(timeout: Any) -> float:
    if timeout is DEFAULT_TIMEOUT or timeout is None:
        return FRESH_SECONDS
    return min(float(timeout), FRESH_SECONDS)
