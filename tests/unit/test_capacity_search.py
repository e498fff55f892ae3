"""The search for the largest number of learners tries few numbers, and ends in time."""

from __future__ import annotations

import time

import pytest

from bench.capacity.run import Plan
from bench.capacity.search import PRECISION, confirmed, largest

STEP = 30


class Server:
    """Carries up to `most` learners, and notes what it was asked."""

    def __init__(self, most):
        self.most = most
        self.asked = []

    def carries(self, learners):
        self.asked.append(learners)
        return learners <= self.most


@pytest.mark.parametrize("most", [30, 59, 60, 119, 120, 121, 500, 1234, 3000, 5999])
@pytest.mark.parametrize("first", [30, 120, 2000])
def test_the_search_finds_what_a_server_carries(most, first):
    server = Server(most)
    number = largest(server.carries, first=first, step=STEP, most=6000)
    assert number % STEP == 0
    assert number <= most < number + max(STEP, PRECISION * number) + STEP


def test_the_search_tries_few_numbers_and_none_twice():
    server = Server(1234)
    largest(server.carries, first=120, step=STEP, most=6000)
    assert len(server.asked) == len(set(server.asked)) <= 10


def test_a_search_without_time_ends_with_what_was_carried():
    server = Server(1234)
    remaining = iter([True, False])
    number = largest(
        server.carries, first=120, step=STEP, most=6000, has_time=lambda: next(remaining, False)
    )
    assert number == 240
    assert server.asked == [120, 240]


def test_a_search_without_time_still_looks_for_a_number_that_is_carried():
    server = Server(40)
    assert largest(server.carries, first=240, step=STEP, most=6000, has_time=lambda: False) == 30


def test_a_run_has_time_for_a_trial_only_if_the_last_one_fits_too():
    def plan(until):
        return Plan(30, 30, storm_seconds=60, seconds=30, confirm_seconds=90, until=until)

    now = time.monotonic()
    assert plan(None).has_time()
    assert plan(now + 600).has_time()
    assert not plan(now + 60 + 30 + 60 + 90).has_time()


def test_a_server_that_carries_no_class_has_the_number_0():
    assert largest(Server(29).carries, first=120, step=STEP, most=6000) == 0


def test_the_search_does_not_go_beyond_its_limit():
    server = Server(10_000)
    assert largest(server.carries, first=120, step=STEP, most=1000) == 990
    assert max(server.asked) == 990


def test_a_lucky_number_is_corrected_downwards():
    server = Server(500)
    assert confirmed(server.carries, 600, step=STEP) == 480
    assert server.asked == [600, 540, 480]


def test_a_number_that_is_never_carried_again_becomes_0():
    server = Server(0)
    assert confirmed(server.carries, 90, step=STEP) == 0
    assert server.asked[-1] == STEP
