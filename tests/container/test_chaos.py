"""Learners go on while each part of the container, and its database, is killed once."""

from __future__ import annotations

import pytest

from bench.chaos.__main__ import markdown, summary
from bench.chaos.faults import faults
from bench.chaos.run import run
from bench.performance.learners import sign_in
from devtools.deployment import LEARNER, LEARNER_PASSWORD

pytestmark = pytest.mark.slow

CONNECTIONS = 8

#: A minute at most, with what the tests do before and after.
SECONDS = 45

#: Seconds after a death in which requests may fail, on a machine that does other things as well.
RECOVERY_SECONDS = 20


def test_learners_go_on_while_each_part_is_killed_once(web, postgres, counts):
    learners = sign_in(web.url, [LEARNER], LEARNER_PASSWORD)

    course = run(web.url, learners, faults(web, postgres), connections=CONNECTIONS, seconds=SECONDS)

    counts(f"{summary(course, CONNECTIONS)}\n{markdown(course)}")
    assert web.exit_code is None
    assert not course.before
    for aftermath in course.aftermaths:
        assert aftermath.again < RECOVERY_SECONDS, aftermath
        assert aftermath.last is None or aftermath.last < RECOVERY_SECONDS, aftermath
    assert all(failure.answered for failure in course.account.failures)
