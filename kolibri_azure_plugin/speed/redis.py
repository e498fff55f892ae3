"""Redis, if Kolibri's own option CACHE_BACKEND names it."""

from __future__ import annotations

from django.core.cache.backends.base import BaseCache
from kolibri.core.utils.cache import RedisCache as KolibriRedisCache

from kolibri_azure_plugin.speed.freshness import FreshKeys


class RedisCache(FreshKeys, KolibriRedisCache):
    """Kolibri's backend for Redis, which never gets the values that must stay fresh."""

    # Those of the backend bypass `set`.
    set_many = BaseCache.set_many
    get_or_set = BaseCache.get_or_set
