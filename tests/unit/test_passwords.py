"""The hasher makes Django's hashes and gives Django's answers, but hashes less often."""

from __future__ import annotations

import hashlib

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache.backends.locmem import LocMemCache

from kolibri_azure_plugin.speed import passwords
from kolibri_azure_plugin.speed.passwords import PasswordHasher
from kolibri_azure_plugin.speed.request_cache import RequestCacheMiddleware

#: As few as an old Kolibri's, so that the tests are fast.
ITERATIONS = 1000

hasher = PasswordHasher()
django = PBKDF2PasswordHasher()


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """The cache that all processes share; and nothing that this process remembers."""
    cache = LocMemCache("passwords", {})
    cache.clear()
    monkeypatch.setattr(passwords, "process_cache", cache)
    passwords.fits_empty_password.cache_clear()
    return cache


@pytest.fixture
def hashed(monkeypatch):
    """How often something was hashed."""
    calls = []

    def counted(*arguments, compute=hashlib.pbkdf2_hmac, **keywords):
        calls.append(arguments)
        return compute(*arguments, **keywords)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
    return calls


def in_a_request(action):
    return RequestCacheMiddleware(lambda _: action())(None)


def made(password, salt="salt"):
    return django.encode(password, salt, ITERATIONS)


@pytest.mark.parametrize("password", ["right", "", "pässwörd"])
def test_django_and_the_hasher_make_the_same_hash(password):
    assert hasher.encode(password, "salt", ITERATIONS) == made(password)
    assert hasher.algorithm == django.algorithm
    assert hasher.iterations == django.iterations


@pytest.mark.parametrize("password", ["right", "wrong", "", "Right"])
@pytest.mark.parametrize("kept", ["right", "wrong", ""])
def test_django_and_the_hasher_give_the_same_answer(password, kept):
    encoded = made(kept, salt=f"salt of {kept}")
    answers = {hasher.verify(password, encoded) for _ in range(2)}
    assert answers == {django.verify(password, encoded)}


def test_a_password_is_hashed_once_in_a_request(hashed):
    encoded = made("right")
    hashed.clear()
    assert in_a_request(lambda: [hasher.verify("wrong", encoded) for _ in range(2)]) == [False] * 2
    assert len(hashed) == 1


def test_another_request_hashes_a_password_again(hashed):
    encoded = made("right")
    hashed.clear()
    assert in_a_request(lambda: hasher.verify("right", encoded))
    assert in_a_request(lambda: hasher.verify("right", encoded))
    assert hasher.verify("right", encoded)
    assert len(hashed) == 3


def test_an_empty_password_is_hashed_once_for_each_hash(hashed):
    encoded = made("right", salt="first")
    hashed.clear()
    assert not any(hasher.verify("", encoded) for _ in range(3))
    assert len(hashed) == 1
    assert hasher.verify("", made("", salt="second"))


def test_another_process_knows_whether_the_empty_password_fits(hashed):
    encoded = made("right", salt="shared")
    hashed.clear()
    assert not hasher.verify("", encoded)
    passwords.fits_empty_password.cache_clear()
    assert not hasher.verify("", encoded)
    assert len(hashed) == 1


def test_the_shared_cache_has_no_hash(shared):
    encoded = made("right", salt="hidden")
    assert not hasher.verify("", encoded)
    assert shared._cache
    assert not any(encoded in key for key in shared._cache)


def test_only_a_password_that_may_be_right_pays_for_an_old_hash(hashed):
    encoded = made("right", salt="old")
    hashed.clear()
    hasher.harden_runtime("", encoded)
    assert hashed == []
    hasher.harden_runtime("wrong", encoded)
    assert len(hashed) == 1
