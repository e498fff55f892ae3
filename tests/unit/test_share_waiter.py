"""How long an import waits for the share, in each outage."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.content import share_waiter
from kolibri_azure_plugin.content.share_waiter import GLANCE, ShareWaiter
from kolibri_azure_plugin.errors import ContentShareError

PATIENCE = 600
A_DAY = 86_400


class Clock:
    """The time of the waiter; passes when it sleeps."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Share:
    """Works, or does not."""

    works = True

    def ask(self):
        if not self.works:
            raise ContentShareError(
                "The share hangs.", expected="", found="", remedy="", code="share-hangs"
            )


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(share_waiter, "time", clock)
    return clock


@pytest.fixture
def share():
    return Share()


@pytest.fixture
def waiter(share, clock):
    return ShareWaiter(share.ask, PATIENCE)


class CancelledError(Exception):
    """An administrator has cancelled the import."""


def cancel(_error):
    raise CancelledError


def wait(waiter, clock):
    """Wait, and return the seconds that it took."""
    began = clock.now
    with pytest.raises(ContentShareError):
        waiter.wait(lambda _: None)
    return clock.now - began


def test_it_waits_no_longer_than_it_may(waiter, share, clock):
    share.works = False
    assert PATIENCE <= wait(waiter, clock) <= PATIENCE + 2 * GLANCE


def test_it_goes_on_when_the_share_is_back(waiter, share, clock):
    share.works = False

    def come_back(_error):
        share.works = clock.now > 1030

    waiter.wait(come_back)
    assert share.works


@pytest.mark.parametrize("before", ["gave up", "was cancelled"])
def test_another_outage_is_waited_for_as_long(before, waiter, share, clock):
    share.works = False
    if before == "gave up":
        wait(waiter, clock)
    else:
        with pytest.raises(CancelledError):
            waiter.wait(cancel)
    clock.sleep(A_DAY)

    assert PATIENCE <= wait(waiter, clock) <= PATIENCE + 2 * GLANCE
