"""The credentials for PostgreSQL after a refused login."""

from __future__ import annotations

import threading

import pytest

from kolibri_azure_plugin.database import credentials
from kolibri_azure_plugin.database.config import Login
from kolibri_azure_plugin.database.credentials import PAUSE, PasswordCredentials
from kolibri_azure_plugin.errors import VaultError

OLD, NEW, NEWEST = (Login("kolibri", word) for word in ("old", "new", "newest"))


class Source:
    """A secret that counts its reads."""

    def __init__(self, login):
        self.login = login
        self.readings = 0
        self.error = None

    def read(self):
        self.readings += 1
        if self.error:
            raise self.error
        return self.login


@pytest.fixture
def clock(clock_of):
    return clock_of(credentials)


@pytest.fixture
def source(clock):
    return Source(OLD)


@pytest.fixture
def password(source):
    return PasswordCredentials(OLD, source.read)


def test_a_refused_login_is_read_again(password, source):
    source.login = NEW
    assert password.renew(OLD) == NEW
    assert password.current() == NEW


def test_it_is_read_once_for_all_threads(password, source):
    source.login = NEW
    threads = [threading.Thread(target=password.renew, args=(OLD,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.readings == 1
    assert password.current() == NEW


def test_rotations_that_follow_at_once_are_all_noticed(password, source):
    for login, refused in ((NEW, OLD), (NEWEST, NEW), (OLD, NEWEST)):
        source.login = login
        assert password.renew(refused) == login


def test_one_that_is_wrong_at_its_source_too_is_not_asked_for_at_every_request(
    password, source, clock
):
    assert [password.renew(OLD) for _ in range(5)] == [None] * 5
    assert source.readings == 1
    clock.now += PAUSE + 1
    source.login = NEW
    assert password.renew(OLD) == NEW


def test_a_vault_that_does_not_answer_is_asked_once_for_all(password, source, clock):
    source.error = VaultError("a", expected="b", found="c", remedy="d", code="e", transient=True)
    for _ in range(5):
        with pytest.raises(VaultError) as caught:
            password.renew(OLD)
        assert caught.value.transient
    assert source.readings == 1
    clock.now += PAUSE + 1
    source.error, source.login = None, NEW
    assert password.renew(OLD) == NEW
