"""What the plugin makes of Kolibri's CACHES."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.speed.configuration import share_caches
from kolibri_azure_plugin.speed.postgresql import TABLE

DATABASE = SimpleNamespace(host="server", port=5432, name="kolibri")


@pytest.mark.parametrize(
    ("location", "password"),
    [
        ("localhost:6379", "s3cret-word"),
        ("rediss://:s3cret-word@cache.example:10000", ""),
        ("one.example:6379,redis://:s3cret-word@two.example:6379/1", ""),
    ],
)
def test_kolibris_own_redis_keeps_its_address_and_shows_no_password(location, password):
    options = {"PASSWORD": password, "MAX_ENTRIES": 1000, "DB": 0}
    caches = {"default": {"LOCATION": location, "TIMEOUT": 300, "OPTIONS": options}}

    share_caches(caches, DATABASE)

    assert set(caches) == {"default"}
    assert caches["default"]["LOCATION"] == location
    assert caches["default"]["OPTIONS"] == {"PASSWORD": password, "MAX_ENTRIES": 1000, "DB": 0}
    assert caches["default"]["BACKEND"] == "kolibri_azure_plugin.speed.redis.RedisCache"
    assert "s3cret" not in repr(caches)
    assert "s3cret" not in redact(f"Redis at {location} refuses {password}")


def test_without_it_the_processes_have_memory_and_share_postgresql():
    caches = {"default": {}, "process_cache": {"SHARDS": 8}}

    share_caches(caches, DATABASE)

    assert caches["default"]["BACKEND"].endswith(".MemoryCache")
    assert caches["process_cache"]["BACKEND"].endswith(".PostgresqlDatabaseCache")
    assert caches["process_cache"]["LOCATION"] == TABLE
    assert "SHARDS" not in caches["process_cache"]
