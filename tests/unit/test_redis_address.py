"""The address of Redis in a secret."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.caching.redis_server import Address, parse_address
from kolibri_azure_plugin.errors import SecretError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("rediss://:key@cache.example:6380", Address("cache.example", 6380, 0, "", "key")),
        ("rediss://:key@cache.example", Address("cache.example", 10000, 0, "", "key")),
        ("rediss://:key@cache.example:1/3", Address("cache.example", 1, 3, "", "key")),
        ("rediss://user:key@cache.example", Address("cache.example", 10000, 0, "user", "key")),
        ("rediss://:a%40b%2F%25@h:1/", Address("h", 1, 0, "", "a@b/%")),
        # As Azure makes them, and as somebody may choose one.
        ("rediss://:aB/c+d==@h:1", Address("h", 1, 0, "", "aB/c+d==")),
        ("rediss://:a@b:c?d#e@h:1", Address("h", 1, 0, "", "a@b:c?d#e")),
        ("rediss://:key@[2001:db8::1]:1", Address("2001:db8::1", 1, 0, "", "key")),
        ("rediss://h:1\n", Address("h", 1, 0, "", "")),
    ],
)
def test_an_address_is_understood(text, address):
    assert parse_address(text, "kolibri-redis-url") == address


@pytest.mark.parametrize(
    "text", ["redis://:secret-key@h:1", "https://:secret-key@h", "h:1", "", "rediss://"]
)
def test_another_address_is_refused_without_telling_the_password(text):
    with pytest.raises(SecretError) as caught:
        parse_address(text, "kolibri-redis-url")

    assert caught.value.code == "redis-address"
    assert "secret-key" not in caught.value.instructions()


def test_the_password_is_in_no_representation():
    assert "secret-key" not in repr(parse_address("rediss://:secret-key@h:1", "name"))
