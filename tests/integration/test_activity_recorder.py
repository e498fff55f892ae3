"""Each instance records its requests by the minute, through restarts and outages."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.instances.activity import minutes, presence

from .recorded_activity import Instance, passed, state_of

pytestmark = pytest.mark.slow


@pytest.fixture
def state(provisioned):
    with state_of(provisioned) as made:
        made.create()
        minutes.create(made)
        yield made


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
