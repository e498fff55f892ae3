"""Redis as the shared cache: used over verified TLS alone, and never missed when it is gone."""

from __future__ import annotations

import collections

import pytest
import requests

from devtools.deadline import wait_until
from devtools.instances import another_instance, start_gunicorn
from devtools.redis import MissingRedisError, RedisServer, find_redis

from .conftest import PASSWORD
from .serving import Visitors

try:
    find_redis()
except MissingRedisError as error:
    pytest.skip(str(error), allow_module_level=True)

pytestmark = pytest.mark.slow

SECRET = "kolibri-redis-url"

#: The cached answer to the first carries the content's cache key in Redis; the second reads
#: device settings; the third is a page.
PATHS = ("/api/content/channel/", "/api/public/info/", "/en/auth/")

CACHED = PATHS[0]

WRITE_AND_READ = (
    "from django.core.cache import cache; cache.set('trial', 'value', 60); "
    "print('read', cache.get('trial'))"
)


@pytest.fixture(scope="module")
def site(copied, authority):
    """A deployment, and its vault."""
    trusted = {"KOLIBRI_AZURE_REDIS_SSL_ROOT_CERT": str(authority.certificate_file)}
    with copied() as (deployment, azure):
        yield another_instance(deployment, deployment.home.parent / "first", **trusted), azure


@pytest.fixture
def redis(tmp_path, site, authority):
    """A Redis that the vault names."""
    with RedisServer(tmp_path / "redis", authority, PASSWORD) as server:
        site[1].set_secret(SECRET, server.url())
        yield server
    site[1].delete_secret(SECRET)


class Load(Visitors):
    """Visitors that go on asking until they are stopped, and count the answers."""

    def __init__(self, url, visitors=4):
        super().__init__([self._visit] * visitors)
        self._url = url
        self.statuses = collections.Counter()
        self.answers = 0

    def wait_for(self, answers):
        """Until there are so many answers more."""
        wanted = self.answers + answers
        wait_until(lambda: self.answers >= wanted, f"{answers} answers", 60)

    def _visit(self):
        with requests.Session() as session:
            while not self.stop.is_set():
                for path in PATHS:
                    answer = session.get(self._url + path, timeout=30)
                    self.statuses[answer.status_code] += 1
                    self.answers += 1


def test_the_instances_share_a_cache_in_redis_whatever_its_password(site, redis):
    instance, _ = site

    assert "read value" in instance.require("manage", "shell", "-c", WRITE_AND_READ)

    assert redis.wait_until_it_holds("kolibri-*:trial")


def test_neither_the_settings_nor_the_logs_tell_the_password_of_redis(site, redis):
    output = site[0].run("manage", "diffsettings")

    assert output.returncode == 0
    assert PASSWORD not in output.stdout + output.stderr
    assert redis.url().partition("@")[0] not in output.stdout + output.stderr


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        ("stopped", "redis-unreachable"),
        ("another authority", "redis-certificate"),
        ("another host", "redis-certificate"),
        ("another password", "redis-sign-in"),
    ],
)
def test_kolibri_starts_and_works_without_a_redis_that_has(
    break_it, code, site, redis, other_authority, authority, tmp_path
):
    instance, azure = site
    settings = {}
    if break_it == "stopped":
        redis.stop()
    elif break_it == "another authority":
        settings = {"KOLIBRI_AZURE_REDIS_SSL_ROOT_CERT": str(other_authority.certificate_file)}
    elif break_it == "another password":
        azure.set_secret(SECRET, redis.url("wrong-password"))
    elif break_it == "another host":
        redis.stop()
        redis = RedisServer(tmp_path / "other", authority, PASSWORD, host="other.example")
        redis.start()
        azure.set_secret(SECRET, redis.url())

    result = instance.run("manage", "shell", "-c", WRITE_AND_READ, settings=settings)
    redis.stop()

    assert result.returncode == 0, result.stdout + result.stderr
    # Without Redis, the process has a cache of its own.
    assert "read value" in result.stdout
    assert f"docs/troubleshooting.md#{code}" in result.stdout
    assert PASSWORD not in result.stdout + result.stderr


@pytest.mark.parametrize("address", ["redis://:secret-word@localhost:6379", "localhost:6379"])
def test_an_address_without_tls_ends_the_start(address, site):
    instance, azure = site
    azure.set_secret(SECRET, address)

    result = instance.run("manage", "check")
    azure.delete_secret(SECRET)

    assert result.returncode != 0
    assert "docs/troubleshooting.md#redis-address" in result.stderr
    assert "secret-word" not in result.stdout + result.stderr


def test_a_redis_that_kolibri_is_to_use_by_itself_ends_the_start(site):
    result = site[0].run("manage", "check", settings={"KOLIBRI_CACHE_BACKEND": "redis"})

    assert result.returncode != 0
    assert "docs/troubleshooting.md#cache-backend" in result.stderr


def test_stopping_and_starting_redis_under_load_costs_no_answer(site, redis):
    with start_gunicorn(site[0]) as server:
        server.wait_until_it_answers()
        with Load(server.url) as load:
            redis.wait_until_it_holds("*")
            for _ in range(2):
                redis.stop()
                load.wait_for(100)
                redis.start()
                redis.wait_until_it_holds("*", seconds=30)
                load.wait_for(50)
        output = server.output
    assert set(load.statuses) == {200}, load.statuses
    assert output.count("docs/troubleshooting.md#redis-unreachable") == 2
    assert output.count("answers again") == 2


def test_a_redis_that_hangs_under_load_costs_no_answer(site, redis):
    with start_gunicorn(site[0]) as server:
        server.wait_until_it_answers()
        with Load(server.url) as load:
            redis.wait_until_it_holds("*")
            redis.hang()
            load.wait_for(100)
            redis.resume()
            wait_until(lambda: "answers again" in server.output, "Redis to be used again", 30)
    assert set(load.statuses) == {200}, load.statuses


def test_kolibri_serves_when_redis_is_down_from_the_start(site, redis):
    redis.stop()
    with start_gunicorn(site[0]) as server:
        server.wait_until_it_answers()
        with Load(server.url) as load:
            load.wait_for(50)
            redis.start()
            redis.wait_until_it_holds("*", seconds=30)
    assert set(load.statuses) == {200}, load.statuses
