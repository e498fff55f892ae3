"""What is stored of each minute and each instance, and how learners are counted."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import kolibri
import pytest

import kolibri_azure_plugin
from kolibri_azure_plugin.instances.activity import minutes, presence

from .inside_kolibri import answers_of
from .recorded_activity import state_of

pytestmark = pytest.mark.slow

HOUR = dt.timedelta(hours=1)

LEARNERS = """
import datetime as dt
import json

from django.db import connection
from kolibri.core.auth.models import Facility, FacilityUser
from kolibri.core.device.models import DevicePermissions
from kolibri.core.logger.models import UserSessionLog
from kolibri_azure_plugin.instances.activity import minutes, presence
from kolibri_azure_plugin.instances.activity.sampling import count_learners
from kolibri_azure_plugin.database.state import State

at = dt.datetime(2026, 3, 10, 20, tzinfo=dt.timezone.utc)
facility = Facility.objects.first()
hours = dt.timedelta(hours=1)


def user(name, *seen):
    made = FacilityUser.objects.create(username=name, facility=facility, password="x")
    for ago in seen:
        UserSessionLog.objects.create(user=made, last_interaction_timestamp=at - ago * hours)
    return made


user("now", 0.03, 0.5, 50)
user("today", 1.2, 1.4)
user("yesterday_evening", 5.5)
user("this_week", 6 * 24)
user("before", 8 * 24)
user("wrong_clock", -24)
user("never")
facility.add_coach(user("coach", 0.01))
DevicePermissions.objects.create(user=user("superuser", 0.01), is_superuser=True)
state = State(connection)
minutes.create(state)
minutes.keep(state, dt.datetime.now(dt.timezone.utc), "one", {"kept": 1})
presence.announce(state, presence.of_this_process("one", "web", at))
found = {
    "learners": count_learners(state, at),
    "minutes": [(each.source, each.value) for each in minutes.read(state)],
    "presence": [(each.instance, each.since == at) for each in presence.read(state)],
}
print("ANSWERS", json.dumps(found))
"""


@pytest.fixture
def state(provisioned):
    with state_of(provisioned) as made:
        made.create()
        minutes.create(made)
        yield made


def now():
    return dt.datetime.now(dt.timezone.utc)


def test_a_minute_is_stored_replaced_and_read_in_order(state):
    minute = now().replace(second=0, microsecond=0)
    minutes.keep(state, minute, "b", {"kept": 1})
    minutes.keep(state, minute, "b", {"kept": 2})
    minutes.keep(state, minute - HOUR, minutes.DEPLOYMENT, {"learners_now": 3})
    assert minutes.read(state) == [
        minutes.Minute(minute - HOUR, minutes.DEPLOYMENT, {"learners_now": 3}),
        minutes.Minute(minute, "b", {"kept": 2}),
    ]
    assert [each.source for each in minutes.read(state, hours=0.5)] == ["b"]


def test_rows_older_than_a_day_are_deleted(state):
    today = now()
    for hours in (0, 24, 26, 100):
        minutes.keep(state, today - hours * HOUR, "a", {})
    minutes.forget(state)
    left = state.rows("SELECT minute FROM kolibri_azure_minutes ORDER BY minute")
    assert [minute for (minute,) in left] == [today - 24 * HOUR, today]


def test_nothing_is_read_before_the_tables_exist(state):
    state.rows("DROP TABLE kolibri_azure_minutes, kolibri_azure_state; SELECT 1")
    assert minutes.read(state) == []
    assert presence.read(state) == []


def test_of_many_instances_one_samples_the_deployment_in_a_minute(provisioned, state):
    state.rows("TRUNCATE kolibri_azure_minutes; SELECT 1")
    count = 8
    ready = threading.Barrier(count)

    def claim(_):
        with state_of(provisioned) as own:
            ready.wait()
            return minutes.claim(own)

    with ThreadPoolExecutor(count) as pool:
        claimed = [minute for minute in pool.map(claim, range(count)) if minute]
    # Two if a minute ended meanwhile.
    assert 1 <= len(claimed) == len(set(claimed)) <= 2
    assert all(minute.second == minute.microsecond == 0 for minute in claimed)


def test_an_instance_is_there_until_it_has_been_silent_for_a_day(state):
    started = now()
    for name in ("here", "silent", "gone"):
        presence.announce(state, presence.of_this_process(name, "web", started))
    age = "UPDATE kolibri_azure_state SET updated_at = updated_at - %s::interval WHERE key = %s"
    for name, hours in (("silent", "2 hours"), ("gone", "25 hours")):
        state.rows(f"{age} RETURNING key", hours, f"instance:{name}")
    presence.forget(state)
    here, silent = presence.read(state)
    assert (here.instance, here.role, here.since) == ("here", "web", started)
    assert (here.kolibri, here.plugin) == (kolibri.__version__, kolibri_azure_plugin.__version__)
    assert here.silent_for < dt.timedelta(hours=2).total_seconds() <= silent.silent_for


@pytest.fixture(scope="module")
def in_kolibri(copied):
    """Numbers as read over Django's connection."""

    @contextlib.contextmanager
    def in_japan():
        with copied() as (deployment, azure):
            deployment.environment["TZ"] = "Asia/Tokyo"
            yield deployment, azure

    return answers_of(in_japan, f"exec({LEARNERS!r}, {{}})")


def test_learners_are_counted_without_staff_from_midnight_in_the_schools_time_zone(in_kolibri):
    assert in_kolibri["learners"] == {"learners_now": 1, "learners_today": 2, "learners_week": 4}


def test_kolibri_reads_minutes_and_instances_over_its_own_connection(in_kolibri):
    assert in_kolibri["minutes"] == [["one", {"kept": 1}]]
    assert in_kolibri["presence"] == [["one", True]]
