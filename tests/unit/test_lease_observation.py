"""A standby takes the lease after it has seen the row unchanged long enough by its own clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import kolibri
import pytest

from kolibri_azure_plugin.instances import lease
from kolibri_azure_plugin.instances.lease_row import LeaseRow, Look

ROW = LeaseRow(4, datetime(2026, 9, 1, tzinfo=timezone.utc), False, "host process 12")
ENDED = ROW._replace(ended=True)
RENEWED = ROW._replace(updated_at=ROW.updated_at + timedelta(seconds=1))


@pytest.fixture(autouse=True)
def clock(clock_of):
    return clock_of(lease)


@pytest.fixture
def observation():
    return lease.Observation()


def found(row: LeaseRow | None, age: float = 0.0) -> Look:
    return Look(row, age, None, kolibri.__version__)


@pytest.mark.parametrize("row, seconds", [(ROW, 6.0), (ENDED, 1.0)])
def test_the_lease_is_free_when_its_row_has_stood_unchanged_for_long_enough(
    observation, clock, row, seconds
):
    observation.add(found(row))

    clock.now += seconds - 0.1
    observation.add(found(row))
    assert not observation.is_free

    clock.now += 0.1
    observation.add(found(row))
    assert observation.is_free


@pytest.mark.parametrize(
    "next_row",
    [RENEWED, ENDED, ROW._replace(generation=5), ROW._replace(holder="host process 13")],
    ids=["renewed", "ended", "taken", "another holder"],
)
def test_every_change_of_the_row_starts_the_wait_again(observation, clock, next_row):
    observation.add(found(ROW))
    clock.now += 5.9

    observation.add(found(next_row))

    assert observation.unchanged_for == 0
    assert not observation.is_free


def test_a_deployment_without_a_holder_is_free_at_once(observation):
    observation.add(found(None))
    assert observation.is_free


def test_a_holder_that_comes_after_none_was_there_is_waited_for(observation):
    observation.add(found(None))
    observation.add(found(ROW, age=3600))
    assert not observation.is_free


@pytest.mark.parametrize("row", [ROW, ENDED])
def test_a_row_that_is_old_at_the_first_look_does_not_have_to_be_waited_for(observation, row):
    observation.add(found(row, age=3600))
    observation.add(found(row, age=3601))
    assert observation.is_free


def test_a_row_that_is_not_much_older_than_a_lease_at_the_first_look_is_waited_for(observation):
    observation.add(found(ROW, age=59))
    assert not observation.is_free


@pytest.mark.parametrize("age", [3600.0, -3600.0], ids=["forwards", "backwards"])
def test_a_jump_of_the_servers_clock_changes_nothing(observation, clock, age):
    observation.add(found(ROW))
    clock.now += 1

    observation.add(found(RENEWED, age))
    assert not observation.is_free

    clock.now += 6
    observation.add(found(RENEWED, age))
    assert observation.is_free


@pytest.mark.parametrize(
    "row, seconds, reason",
    [
        (ROW, 0, "the workers run in host process 12"),
        (ROW, 3, "host process 12 does not renew the workers' lease, which runs out soon"),
        (ENDED, 0, "the workers end in host process 12"),
    ],
)
def test_a_standby_reports_the_reason_for_its_wait(observation, clock, row, seconds, reason):
    observation.add(found(row))
    clock.now += seconds
    assert observation.reason_to_wait == reason


@pytest.mark.parametrize(
    "target, installed, meant",
    [
        (kolibri.__version__, "0.18.4", True),
        (None, kolibri.__version__, True),
        (None, "0.18.4", False),
        (None, None, False),
        ("9.9.9", kolibri.__version__, False),
        (f"{kolibri.__version__}, being prepared", kolibri.__version__, False),
    ],
)
def test_only_the_version_that_the_database_was_prepared_for_is_meant(target, installed, meant):
    assert Look(None, 0.0, target, installed).means_this_version is meant
