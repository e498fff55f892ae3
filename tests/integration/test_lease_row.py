"""The row of the workers' lease, changed by compare-and-set: one of two processes gets it."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import kolibri
import psycopg2
import pytest

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances import lease_row

ROUNDS = 50


@pytest.fixture
def sessions(ready_fleet):
    """Two sessions, like those of two processes."""
    with contextlib.ExitStack() as stack:
        made = [
            stack.enter_context(contextlib.closing(psycopg2.connect(ready_fleet.url())))
            for _ in range(2)
        ]
        for each in made:
            each.autocommit = True
        yield made


@pytest.fixture
def states(sessions):
    return [State(each) for each in sessions]


@pytest.fixture
def state(states):
    return states[0]


def holder_of(state: State) -> str:
    return lease_row.look(state).row.holder


def test_of_two_that_take_a_free_lease_one_becomes_the_holder(states):
    ready = threading.Barrier(2)

    def take(name: str, state: State) -> int:
        seen = lease_row.look(state).row
        ready.wait()
        return lease_row.take(state, seen, name)

    with ThreadPoolExecutor() as pool:
        for round_ in range(ROUNDS):
            taken = list(pool.map(take, ("first", "second"), states))

            assert sorted(taken) == [0, round_ + 1]
            assert holder_of(states[0]) == ("first" if taken[0] else "second")


def test_a_row_that_was_renewed_or_marked_since_it_was_seen_is_not_taken(state):
    generation = lease_row.take(state, None, "first")
    for change in (lease_row.renew, lease_row.end):
        seen = lease_row.look(state).row
        change(state, generation)
        assert lease_row.take(state, seen, "second") == 0
    assert holder_of(state) == "first"


def test_a_holder_that_was_replaced_can_neither_renew_nor_end_the_lease(state):
    first = lease_row.take(state, None, "first")
    second = lease_row.take(state, lease_row.look(state).row, "second")

    assert not lease_row.renew(state, first)
    lease_row.end(state, first)

    assert not lease_row.look(state).row.ended
    assert lease_row.renew(state, second)


def test_an_end_is_marked_until_the_next_holder(state):
    lease_row.end(state, lease_row.take(state, None, "first"))
    assert lease_row.look(state).row.ended

    lease_row.take(state, lease_row.look(state).row, "second")
    assert not lease_row.look(state).row.ended


@pytest.mark.parametrize("target", ["9.9.9", f"{kolibri.__version__}, being prepared"])
def test_the_lease_is_neither_made_taken_nor_renewed_for_a_version_that_is_not_meant(state, target):
    meant = kolibri.__version__
    state.set(lease_row.TARGET_VERSION, target)
    assert lease_row.take(state, None, "first") == 0

    state.set(lease_row.TARGET_VERSION, meant)
    generation = lease_row.take(state, None, "first")

    state.set(lease_row.TARGET_VERSION, target)
    look = lease_row.look(state)
    assert not look.means_this_version
    assert not lease_row.renew(state, generation)
    assert lease_row.take(state, look.row, "second") == 0


def test_a_job_is_picked_only_by_the_holder_and_only_while_its_renewal_is_fresh(state):
    generation = lease_row.take(state, None, "first")

    def is_held(number: int, seconds: float) -> bool:
        values = lease_row.values(generation=number, seconds=seconds)
        return bool(state.rows(lease_row.IS_HELD, **values))

    assert is_held(generation, 5.0)
    assert not is_held(generation + 1, 5.0)
    assert not is_held(generation, 0.0)
