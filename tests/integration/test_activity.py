"""What happens is recorded by the minute, on several instances and through outages."""

from __future__ import annotations

import contextlib
import datetime as dt
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import kolibri
import psycopg2
import pytest

import kolibri_azure_plugin
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances.activity import minutes, presence

from .inside_kolibri import answers_of

pytestmark = pytest.mark.slow

HOUR = dt.timedelta(hours=1)

#: Records minute after minute, as it is told to on standard input.
RECORDER = """
import datetime as dt
import sys
import threading
from pathlib import Path

from kolibri_azure_plugin.instances.activity.presence import of_this_process
from kolibri_azure_plugin.instances.activity.recorder import Recorder
from kolibri_azure_plugin.instances.activity.requests import RequestLog
from kolibri_azure_plugin.database import state_access
from kolibri_azure_plugin.doctor.check_context import CheckContext

name, file = sys.argv[1:]
state_access.PAUSE_SECONDS = 0
ctx = CheckContext()
state = state_access.StateAccess(lambda: ctx.database, "test", "Lost")
own = of_this_process(name, "web", dt.datetime.now(dt.timezone.utc))
recorder = Recorder(state, own, RequestLog(Path(file)), threading.Event())
for line in sys.stdin:
    recorder.record(int(line))
    print("recorded", flush=True)
print("django.db" in sys.modules, flush=True)
"""

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


@contextlib.contextmanager
def state_of(deployment):
    session = psycopg2.connect(deployment.database_url)
    session.autocommit = True
    with contextlib.closing(session):
        yield State(session)


@pytest.fixture
def state(provisioned):
    with state_of(provisioned) as made:
        made.create()
        minutes.create(made)
        yield made


class Instance:
    """The recorder of one instance, and the file in which its nginx notes requests."""

    def __init__(self, deployment, name):
        # Two processes that start at once would both make these folders, and one would fail.
        (deployment.home / "logs").mkdir(parents=True, exist_ok=True)
        self.file = deployment.home.parent / f"{name}.log"
        self.name = name
        self.minute = int(time.time() // 60) - 10
        command = deployment.command(sys.executable, "-c", RECORDER, name, str(self.file))
        self.process = subprocess.Popen(
            command,
            env=deployment.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self, *statuses):
        """Note a request that was passed on, for each of these statuses."""
        with self.file.open("a") as file:
            for status in statuses:
                line = ("passed", self.minute * 60, status, "GET", "0.010", "-", "/api/lesson/1/")
                file.write("\t".join(map(str, line)) + "\n")

    def end_minute(self):
        self.minute += 1
        print(self.minute, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "recorded\n"

    def end(self):
        """Whether it has loaded Django's models."""
        output, _ = self.process.communicate()
        return output.strip() == "True"


@pytest.fixture
def begin(provisioned):
    begun = []

    def make(name):
        begun.append(Instance(provisioned, name))
        return begun[-1]

    yield make
    for each in begun:
        each.process.kill()
        each.process.wait()


def now():
    return dt.datetime.now(dt.timezone.utc)


def passed(state, name):
    """Requests and errors of each minute."""
    read = [each.value for each in minutes.read(state) if each.source == name]
    return [(value["passed"], value["passed_errors"]) for value in read]


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


def test_two_instances_record_their_requests_and_one_of_them_the_deployment(begin, state):
    first, second = begin("first"), begin("second")
    first.answer(200, 200, 503)
    second.answer(200)
    for each in (first, second):
        each.end_minute()
    assert passed(state, "first")[-1] == (3, 1)
    assert passed(state, "second")[-1] == (1, 0)
    assert [each.instance for each in presence.read(state)] == ["first", "second"]
    sampled = [each.value for each in minutes.read(state) if each.source == minutes.DEPLOYMENT]
    # Two if a minute ended meanwhile.
    assert 1 <= len(sampled) <= 2
    for value in sampled:
        assert value["learners_now"] == value["learners_week"] == 0
        assert value["connections"] >= 1
        assert value["database_bytes"] > 1_000_000
    assert not first.end()


def test_a_minute_without_requests_is_stored_too(begin, state):
    instance = begin("quiet")
    for _ in range(3):
        instance.end_minute()
    assert passed(state, "quiet") == [(0, 0), (0, 0)]


def test_late_requests_and_those_of_a_process_before_are_added(begin, state):
    first = begin("same")
    first.answer(200, 200)
    first.end_minute()
    first.end()
    again = begin("same")
    again.minute = first.minute - 1
    again.answer(500)
    again.end_minute()
    assert passed(state, "same")[0] == (3, 1)


def test_an_outage_of_the_database_loses_no_request_and_ends_no_process(
    begin, state, provisioned, postgres
):
    instance = begin("lasting")
    instance.answer(200)
    instance.end_minute()
    postgres.execute(f'ALTER DATABASE "{provisioned.database}" ALLOW_CONNECTIONS false')
    postgres.terminate_connections(provisioned.database)
    for _ in range(2):
        instance.answer(503, 503)
        instance.end_minute()
    postgres.execute(f'ALTER DATABASE "{provisioned.database}" ALLOW_CONNECTIONS true')
    instance.answer(200)
    instance.end_minute()
    with state_of(provisioned) as after:
        assert passed(after, "lasting") == [(1, 0), (2, 2), (2, 2), (1, 0)]


def test_a_database_without_the_plugins_tables_is_left_alone(begin, state):
    state.rows("DROP TABLE kolibri_azure_minutes, kolibri_azure_state; SELECT 1")
    instance = begin("early")
    instance.end_minute()
    assert not state.exists(minutes.TABLE)
    state.create()
    instance.end_minute()
    assert passed(state, "early") == [(0, 0)]
