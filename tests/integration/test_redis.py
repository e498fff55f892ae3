"""Kolibri's own option for Redis, and which values stay in the memory of each process even so."""

from __future__ import annotations

import pytest
import requests

from devtools.instances import another_instance
from devtools.redis import PASSWORD, MissingRedisError, RedisServer

from .serving import gunicorn

pytestmark = pytest.mark.slow

#: The cached answer to the first has the content's cache key in Redis; the second reads device
#: settings; the third is a page.
PATHS = ("/api/content/channel/", "/api/public/info/", "/en/auth/")

STORE = (
    "from django.core.cache import cache; from kolibri.core.utils.cache import process_cache; "
    "cache.set_many({'trial': 'value', 'content_cache_key': 'fresh'}, 60); "
    "print('read', process_cache.get('trial'), cache.get('content_cache_key'))"
)


@pytest.fixture(scope="module")
def redis(tmp_path_factory, authority):
    try:
        server = RedisServer(tmp_path_factory.mktemp("redis"), authority)
    except MissingRedisError as error:
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="module")
def instance(copied, redis):
    """A deployment whose Kolibri is configured to use Redis."""
    with copied() as (deployment, _):
        yield another_instance(deployment, deployment.home.parent / "redis", **redis.options)


def test_only_what_no_instance_changes_is_in_redis(instance, redis):
    assert "read value fresh" in instance.require("manage", "shell", "-c", STORE)

    assert redis.wait_for_keys("kolibri-*:trial")
    assert not [key for key in redis.wait_for_keys("*") if "content_cache_key" in key]


def test_what_one_process_computes_for_another_is_in_redis_too(instance, redis):
    check = (
        "from django.contrib.auth.hashers import check_password, make_password; "
        "print('fits', check_password('', make_password('right')))"
    )
    assert "fits False" in instance.require("manage", "shell", "-c", check)
    assert redis.wait_for_keys("kolibri-*:azure_empty_password_*")


def test_forked_processes_serve_with_redis(instance, redis):
    with gunicorn(instance) as server, requests.Session() as session:
        for path in PATHS * 20:
            assert session.get(server.url + path, timeout=30).status_code == 200, path
        assert "Unable to check Redis settings" not in server.output
    assert redis.wait_for_keys("kolibri-*")


def test_neither_the_settings_nor_the_logs_tell_the_password_of_redis(instance):
    result = instance.run("manage", "diffsettings")

    assert result.returncode == 0
    assert PASSWORD not in result.stdout + result.stderr


def test_housekeeping_removes_no_entries_of_a_cache_that_is_not_in_postgresql(instance):
    remove = (
        "from kolibri_azure_plugin.housekeeping import visits; "
        "print('removed', visits.remove_expired_cache_entries(None))"
    )
    assert "removed 0" in instance.require("manage", "shell", "-c", remove)
