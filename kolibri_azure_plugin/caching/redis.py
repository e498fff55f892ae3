"""Redis as the shared cache; without it, everything goes on, each process with a cache of its own.

Django 3.2 has no backend for Redis, and the one that Kolibri brings along raises what Redis
raises.
"""

from __future__ import annotations

import logging
import pickle
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache

from kolibri_azure_plugin.caching import redis_server
from kolibri_azure_plugin.caching.freshness import FreshKeys
from kolibri_azure_plugin.errors import CacheError

logger = logging.getLogger(__name__)

#: How many keys one round trip deletes.
BATCH = 500


class _RedisBackend(BaseCache):
    """Keys and values in Redis; in the memory of the process while Redis does not answer.

    :param location: names the cache in memory; where Redis is, and its password, stand in no
        setting.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._memory = LocMemCache(location, params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            stored = self._ask("GET", key, version)
        except CacheError:
            return self._memory.get(key, default, version)
        return default if stored is None else _read(stored, default)

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._store(key, value, timeout, version)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return self._store(key, value, timeout, version, "NX")

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        milliseconds = self._lifetime(timeout)
        command = ("PERSIST",) if milliseconds is None else ("PEXPIRE", milliseconds)
        try:
            return bool(self._ask(command[0], key, version, *command[1:]))
        except CacheError:
            return bool(self._memory.touch(key, timeout, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        self._memory.delete(key, version)
        try:
            return bool(self._ask("DEL", key, version))
        except CacheError:
            return False

    def has_key(self, key: str, version: int | None = None) -> bool:
        try:
            return bool(self._ask("EXISTS", key, version))
        except CacheError:
            return bool(self._memory.has_key(key, version))

    def clear(self) -> None:
        self._memory.clear()
        server = redis_server.current()
        cursor = b"0"
        try:
            while True:
                cursor, keys = server.ask(
                    "SCAN", cursor, "MATCH", f"{self.key_prefix}:*", "COUNT", BATCH
                )
                if keys:
                    server.ask("DEL", *keys)
                if int(cursor) == 0:
                    return
        except CacheError as error:
            logger.warning("The cache could not be cleared. %s", error.found)

    def _store(
        self, key: str, value: Any, timeout: Any, version: int | None, *conditions: str
    ) -> bool:
        milliseconds = self._lifetime(timeout)
        if milliseconds is not None and milliseconds <= 0:
            return self.delete(key, version)
        expiry = () if milliseconds is None else ("PX", milliseconds)
        stored = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        try:
            is_stored = bool(self._ask("SET", key, version, stored, *expiry, *conditions))
        except CacheError:
            save = self._memory.add if conditions else self._memory.set
            return bool(save(key, value, timeout, version))
        # What an outage has left there would be read in the next one.
        self._memory.delete(key, version)
        return is_stored

    def _ask(self, command: str, key: str, version: int | None, *arguments: Any) -> Any:
        full_key = self.make_key(key, version)
        return redis_server.current().ask(command, full_key, *arguments)

    def _lifetime(self, timeout: Any) -> int | None:
        """Milliseconds from now; None for ever."""
        end = self.get_backend_timeout(timeout)
        return None if end is None else int((end - time.time()) * 1000)


class RedisCache(FreshKeys, _RedisBackend):
    """Both of Kolibri's caches in Redis."""


def _read(stored: bytes, default: Any) -> Any:
    """What was stored; the default when another version of Python or Kolibri stored it."""
    try:
        return pickle.loads(stored)  # noqa: S301 - whoever writes this Redis is this deployment
    except Exception:  # noqa: BLE001
        return default
