"""How long each cached value counts as fresh."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.speed import freshness
from kolibri_azure_plugin.speed.freshness import (
    CLASSWORK_PREFIX,
    FRESH_PREFIXES,
    MemoryCache,
    must_stay_fresh,
)

SETTINGS = "device_settings_cache_key"
OTHER = "1700000000:0123456789abcdef"


@pytest.fixture
def clock(monkeypatch):
    """The time for Django's in-memory cache."""

    class Clock:
        now = 1_700_000_000.0

        def time(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr("django.core.cache.backends.base.time", clock)
    monkeypatch.setattr("django.core.cache.backends.locmem.time", clock)
    return clock


@pytest.fixture
def cache(clock):
    cache = MemoryCache("test", {})
    cache.clear()
    return cache


#: One for each prefix.
FRESH_KEYS = (
    SETTINGS,
    "content_cache_key",
    "app_key",
    "USER_BY_SESSION_CACHE_0123",
    "learner_count_0123",
    f"{CLASSWORK_PREFIX}0123",
)


@pytest.mark.parametrize("key", FRESH_KEYS)
def test_values_that_another_instance_may_change_stay_fresh(key):
    assert must_stay_fresh(key)


@pytest.mark.parametrize("prefix", FRESH_PREFIXES)
def test_each_prefix_has_a_key_among_these(prefix):
    assert [key for key in FRESH_KEYS if key.startswith(prefix)]


@pytest.mark.parametrize("timeout", [600, None, 1.5])
def test_it_is_believed_for_two_seconds_at_most(timeout, cache, clock):
    cache.set(SETTINGS, "value", timeout)

    assert cache.get(SETTINGS) == "value"
    clock.now += freshness.FRESH_SECONDS + 0.1
    assert cache.get(SETTINGS) is None
    assert SETTINGS not in cache


def test_touching_it_makes_it_no_fresher(cache, clock):
    cache.set(SETTINGS, "value")
    clock.now += 1.5

    assert cache.touch(SETTINGS, 600)
    clock.now += 1.0
    assert cache.get(SETTINGS) is None


def test_anything_else_lives_as_long_as_kolibri_says(cache, clock):
    cache.set(OTHER, "answer", 3600)
    cache.set("forever", "value", None)

    clock.now += 3599
    assert cache.get_many([OTHER, "forever", SETTINGS]) == {OTHER: "answer", "forever": "value"}
    clock.now += 2
    assert cache.get(OTHER) is None
    assert cache.get("forever") == "value"


def test_adding_and_deleting_work_for_both_kinds(cache):
    for key in (SETTINGS, OTHER):
        assert cache.add(key, 1)
        assert not cache.add(key, 2)
        assert cache.get(key) == 1
        assert cache.delete(key)
        assert not cache.delete(key)
    cache.set_many({SETTINGS: 1, OTHER: 2})
    cache.delete_many([SETTINGS, OTHER])
    assert cache.get_many([SETTINGS, OTHER]) == {}


def test_threads_see_the_same_values(cache):
    cache.set(SETTINGS, "value")

    assert MemoryCache("test", {}).get(SETTINGS) == "value"
