"""How long requests wait for an unavailable PostgreSQL."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.connections import RECONNECT_TIMEOUT, Outage


@pytest.fixture
def clock(clock_of):
    return clock_of(connections)


def test_the_first_request_waits_for_half_a_minute(clock):
    assert Outage().patience() == RECONNECT_TIMEOUT == 30


def test_later_requests_wait_only_for_the_rest_of_the_patience(clock):
    outage = Outage()
    outage.seen()
    clock.now += 20
    outage.seen()
    assert outage.patience() == 10
    clock.now += 15
    assert outage.patience() == 0


def test_a_long_outage_is_answered_at_once_however_long_it_lasts(clock):
    outage = Outage()
    for _ in range(100):
        outage.seen()
        clock.now += 5
    assert outage.patience() == 0


def test_a_connection_ends_the_outage(clock):
    outage = Outage()
    outage.seen()
    clock.now += 20
    outage.over()
    assert outage.patience() == 30
    outage.seen()
    assert outage.patience() == 30


def test_an_outage_without_an_observed_end_is_forgotten(clock):
    outage = Outage()
    outage.seen()
    clock.now += 31
    assert outage.patience() == 30
