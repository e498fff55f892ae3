"""Learners continue while each part of the container, and its database, is killed once."""

from __future__ import annotations

import math

import pytest

from bench.chaos.__main__ import markdown, summary
from bench.chaos.faults import faults
from bench.chaos.run import run
from bench.performance.learners import sign_in
from devtools.deployment import LEARNER, LEARNER_PASSWORD
from tests.long_forms import LONG_FORM

pytestmark = [pytest.mark.slow, LONG_FORM]

CONNECTIONS = 8

#: A minute at most, including the tests' preparation and checks.
SECONDS = 45


def test_learners_go_on_while_each_part_is_killed_once(web, postgres, counts):
    learners = sign_in(web.url, [LEARNER], LEARNER_PASSWORD)

    course = run(web.url, learners, faults(web, postgres), connections=CONNECTIONS, seconds=SECONDS)

    counts(f"{summary(course, CONNECTIONS)}\n{markdown(course)}")
    assert web.exit_code is None
    assert not course.before
    # The table shows the time, which depends on the load of this machine.
    for outcome in course.outcomes:
        assert math.isfinite(outcome.again), outcome
    assert all(failure.answered for failure in course.account.failures)
