"""Configures Kolibri's caches so that all instances agree on their values."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import kolibri

from kolibri_azure_plugin.database.config import DatabaseConfig
from kolibri_azure_plugin.errors.redaction import MaskedString, remember
from kolibri_azure_plugin.speed.postgresql import TABLE

PACKAGE = "kolibri_azure_plugin.speed"


def share_caches(caches: dict[str, dict[str, Any]], database: DatabaseConfig) -> None:
    """Change CACHES, in place: ``kolibri.deployment.default.cache`` refers to the same dict."""
    prefix = {"KEY_PREFIX": key_prefix(database)}
    if "process_cache" not in caches:
        # Kolibri's own option CACHE_BACKEND is redis. This cache then serves as both.
        _hide_passwords(caches["default"])
        caches["default"].update(BACKEND=f"{PACKAGE}.redis.RedisCache", **prefix)
        return
    _replace(caches["default"], BACKEND=f"{PACKAGE}.freshness.MemoryCache", LOCATION="default")
    _replace(
        caches["process_cache"],
        BACKEND=f"{PACKAGE}.postgresql.PostgresqlDatabaseCache",
        LOCATION=TABLE,
        **prefix,
    )


def key_prefix(database: DatabaseConfig) -> str:
    """A prefix that separates deployments on one Redis, and Kolibri versions during an upgrade.

    The values are pickled Kolibri objects, which another version may fail to read.
    """
    site = hashlib.sha256(f"{database.host}:{database.port}/{database.name}".encode()).hexdigest()
    return f"kolibri-{site[:12]}-{kolibri.__version__}"


def _hide_passwords(redis: dict[str, Any]) -> None:
    """Mask the passwords of Kolibri's own Redis, and its addresses, which may contain some."""
    options = redis["OPTIONS"]
    for password in (options["PASSWORD"], *map(_password_of, redis["LOCATION"].split(","))):
        remember(password)
    options["PASSWORD"] = MaskedString(options["PASSWORD"])
    redis["LOCATION"] = MaskedString(redis["LOCATION"])


def _password_of(address: str) -> str:
    return urlsplit(address).password or ""


def _replace(entry: dict[str, Any], **changes: Any) -> None:
    """Update the entry, without SHARDS, an option of Kolibri's file cache only."""
    entry.pop("SHARDS", None)
    entry.update(changes)
