"""Puts Kolibri's caches where all instances agree on them."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import kolibri

from kolibri_azure_plugin.caching import redis_server
from kolibri_azure_plugin.caching.redis_server import RedisServer, parse_address
from kolibri_azure_plugin.context import Context
from kolibri_azure_plugin.database.config import DatabaseConfig
from kolibri_azure_plugin.retry import Deadline, until_it_works

logger = logging.getLogger(__name__)

PACKAGE = "kolibri_azure_plugin.caching"


def find_redis(context: Context, deadline: Deadline) -> RedisServer | None:
    """The Redis that the secret names; None when there is no such secret. Nothing is connected.

    :raises KolibriAzureError: when the secret can't be read, or is no address.
    """
    name = context.settings.redis_url_secret
    address = until_it_works(lambda: context.secrets.find(name, optional=True), deadline)
    if address is None:
        return None
    server = RedisServer(parse_address(address, name), context.settings.redis_ssl_root_cert)
    logger.info("The instances share a cache in Redis at %s.", server.address)
    return server


def share_caches(
    caches: dict[str, dict[str, Any]], database: DatabaseConfig, redis: RedisServer | None
) -> None:
    """Change Kolibri's CACHES, in place: ``kolibri.deployment.default.cache`` has the same dict."""
    prefix = {"KEY_PREFIX": key_prefix(database)}
    if redis is not None:
        redis_server.use(redis)
        for alias in ("default", "process_cache"):
            _replace(caches[alias], BACKEND=f"{PACKAGE}.redis.RedisCache", LOCATION=alias, **prefix)
        return
    _replace(caches["default"], BACKEND=f"{PACKAGE}.freshness.MemoryCache", LOCATION="default")
    _replace(
        caches["process_cache"],
        BACKEND=f"{PACKAGE}.postgresql.PostgresqlDatabaseCache",
        LOCATION="kolibri_azure_cache",
        **prefix,
    )


def key_prefix(database: DatabaseConfig) -> str:
    """What keeps apart deployments that share a Redis, and versions of Kolibri that overlap.

    Values are pickled objects of Kolibri, which another version may not be able to read.
    """
    site = hashlib.sha256(f"{database.host}:{database.port}/{database.name}".encode()).hexdigest()
    return f"kolibri-{site[:12]}-{kolibri.__version__}"


def _replace(entry: dict[str, Any], **changes: Any) -> None:
    """Keep what the backends have in common; SHARDS is of Kolibri's cache in files alone."""
    entry.pop("SHARDS", None)
    entry.update(changes)
