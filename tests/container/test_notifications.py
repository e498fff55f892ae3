"""A class continues while processes end, and its coach gets each notification once."""

from __future__ import annotations

import pytest

from bench.notifications import rounds
from bench.notifications.__main__ import line, summary
from bench.notifications.faults import Container, ends, outage
from bench.notifications.pupils import Pupil
from bench.notifications.school import names, seed_data
from devtools import container_processes
from devtools.ports import free_port

pytestmark = pytest.mark.slow

PUPILS = 4

#: Seconds without a database; `make bench BENCH=notifications` also tries minutes.
AWAY = 5


@pytest.fixture
def container(provisioned):
    """A container that a test can end and start again."""
    missing = container_processes.missing_programs()
    if missing:
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")
    made = Container(provisioned, free_port())
    yield made
    made.kill()


def test_a_coach_is_told_of_all_that_was_answered_whatever_ends(
    provisioned, container, postgres, counts
):
    faults = [*ends(container), outage(container, postgres, AWAY)]
    lessons = seed_data(provisioned, pupils=PUPILS, lessons=len(faults))
    pupils = [Pupil(container.url, name) for name in names(PUPILS)]

    def execute(statement, values):
        return postgres.execute(statement, values, database=provisioned.database)

    done = [rounds.run(execute, pupils, lesson, fault) for lesson, fault in zip(lessons, faults)]

    counts(summary(done))
    for each in done:
        assert each.verdict.is_right, line(each)
        assert each.verdict.answered
