"""Compares one, two and more instances on one database: the cost of a request must not grow."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from bench.capacity.expense import LOAD, OTHERS, Expense, Meter
from bench.capacity.facility import NAME, CapacityError, Ground
from bench.capacity.here import Here
from bench.capacity.measured import Cost, Instances
from bench.capacity.process import LoadProcess
from bench.capacity.trial import Lessons, say

#: What processor time and statements of a request may grow by, as a share.
ALLOWED = 0.1

#: What is compared: the server's and the database's processor time, and the statements.
COMPARED = ("server_ms", "database_ms", "statements")

#: A new server has not loaded or cached anything; this many seconds of the same lesson change that.
WARM_UP_SECONDS = 20

#: The server has told coaches of the children's work so long after it, and is at rest then.
SETTLE_SECONDS, REST_SECONDS = 8, 30

#: Children of the comparison, who make pauses of a quarter of the usual length. The work without
#: visitors grows with the number of instances. Next to it, the cost of a few requests is lost.
COMPARED_LEARNERS, COMPARED_PACE, COMPARED_STORM_SECONDS = 200, 0.25, 30.0

#: Long enough for several rounds of the work without visitors, whose time is subtracted.
COMPARED_REST_SECONDS = 90


def compare(
    here: Here, counts: Sequence[int], *, learners: int, seconds: float, storm_seconds: float
) -> Iterator[Instances]:
    """Play the same lesson with each number of instances, in one facility.

    It is not removed, because the whole deployment is.
    """
    with here.instances(1) as (url, _meter):
        ground = here.superuser(url).make_facility(NAME)
        here.give_video(ground)
        here.superuser(url).admit(ground, learners)
    for count in counts:
        say(f"{count} instances")
        with here.instances(count, proxy=True) as (front, meter):
            yield _measure(here, front, meter, ground, count, learners, seconds, storm_seconds)


def _measure(
    here: Here,
    url: str,
    meter: Meter,
    ground: Ground,
    count: int,
    learners: int,
    seconds: float,
    storm_seconds: float,
) -> Instances:
    superuser = here.superuser(url)
    with LoadProcess(url, ground, here.folder / "load.log", pace=COMPARED_PACE) as load:
        meter.roots[LOAD] = [load.pid]
        lessons = Lessons(
            url,
            load,
            lambda number: superuser.admit(ground, number),
            storm_seconds=storm_seconds,
            meter=meter,
        )
        # All of them, because each connection to the database needs its own warm-up.
        lessons.play(learners, WARM_UP_SECONDS, even_if_slow=True)
        rest = at_rest(meter, COMPARED_REST_SECONDS)
        trial = lessons.play(learners, seconds, even_if_slow=True)
    if trial.lesson is None or trial.lesson_expense is None or trial.errors:
        raise CapacityError(
            f"{learners} learners were too many for {count} instances: {trial.reason}"
        )
    cost = Cost.of(trial.lesson_expense.beyond(rest), trial.lesson.requests)
    others = trial.lesson_expense.processors[OTHERS]
    return Instances(count, learners, cost, trial.lesson.p95, others)


def at_rest(meter: Meter, seconds: float) -> Expense:
    """What the server uses without visitors, after the last ones have left."""
    time.sleep(SETTLE_SECONDS)
    before = meter.read()
    time.sleep(seconds)
    return meter.read().since(before)


def growth(one: Instances, more: Instances) -> dict[str, float]:
    """By which share the cost of a request is higher with more instances."""
    return {name: getattr(more.request, name) / getattr(one.request, name) - 1 for name in COMPARED}
