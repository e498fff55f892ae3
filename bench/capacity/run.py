"""A whole run: a facility, the load, the search, and the picture of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.capacity.expense import LOAD, Expense, Meter
from bench.capacity.facility import (
    CLASS_SIZE,
    NAME,
    CapacityError,
    Ground,
    Superuser,
    own_facility,
)
from bench.capacity.instances import REST_SECONDS, WARM_UP_SECONDS, at_rest
from bench.capacity.picture import photograph
from bench.capacity.process import LoadProcess
from bench.capacity.search import confirmed, largest
from bench.capacity.trial import Lessons, Trial, say

#: What a trial needs besides its phases: new accounts, and a server at rest.
BETWEEN_SECONDS = 25

#: The first class only lets a new server load and cache what it needs.
WARM_UP_STORM_SECONDS = 10


@dataclass(frozen=True)
class Plan:
    """How to search.

    :param first: the number of learners to begin with.
    :param most: the largest number to try.
    :param storm_seconds: all learners sign in during this time.
    :param seconds: how long the lesson of each trial lasts.
    :param confirm_seconds: how long the lesson lasts in which the found number is tried again.
    :param until: the moment at which the run should end; None if it may take as long as it needs.
    :param leave: leave the facility, because its whole server is removed anyway.
    :param pace: the length of pauses; 1 is that of children.
    :param web_port: where locust shows its page during the run; 0 for no page.
    :param picture: where the picture of the run goes.
    """

    first: int
    most: int
    storm_seconds: float
    seconds: float
    confirm_seconds: float
    passwords: bool = True
    until: float | None = None
    leave: bool = False
    pace: float = 1.0
    web_port: int = 0
    picture: Path | None = None

    def has_time(self) -> bool:
        """Whether there is time for another trial before the last one."""
        if self.until is None:
            return True
        trials = 2 * self.storm_seconds + self.seconds + self.confirm_seconds
        return time.monotonic() + trials + 2 * BETWEEN_SECONDS < self.until


@dataclass(frozen=True)
class Result:
    """What a search has found.

    :param best: the confirmed trial of the largest number; None if the server carries no class.
    :param rest: what the server used without visitors; None if it is not on this machine.
    """

    best: Trial | None
    trials: list[Trial]
    rest: Expense | None


def search(
    url: str,
    superuser: Superuser,
    plan: Plan,
    folder: Path,
    *,
    meter: Meter | None = None,
    prepare: Callable[[Ground], None] = lambda _ground: None,
) -> Result:
    """Search in a facility of its own.

    :param folder: for the log of the load and locust's report.
    :param prepare: changes the facility before the load begins.
    """
    with _facility(superuser, plan) as ground:
        prepare(ground)
        say(f"the facility is called {ground.name}")
        if not ground.video:
            say("the site has no video, so no one watches any")
        with _load(url, ground, plan, folder) as load:
            lessons = Lessons(
                url,
                load,
                lambda number: superuser.admit(ground, number),
                storm_seconds=plan.storm_seconds,
            )
            lessons.play(CLASS_SIZE, WARM_UP_SECONDS, storm_seconds=WARM_UP_STORM_SECONDS)
            lessons.trials.clear()
            rest = None
            if meter is not None:
                meter.roots[LOAD] = [load.pid]
                lessons.meter = meter
                rest = at_rest(meter, REST_SECONDS)
            number = largest(
                lessons.carries(plan.seconds),
                first=plan.first,
                step=CLASS_SIZE,
                most=plan.most,
                has_time=plan.has_time,
            )
            number = confirmed(lessons.carries(plan.confirm_seconds), number, step=CLASS_SIZE)
            if plan.picture and number:
                report = folder / "report.html"
                load.report(report)
                photograph(report, plan.picture)
    return Result(lessons.trials[-1] if number else None, lessons.trials, rest)


@contextlib.contextmanager
def _facility(superuser: Superuser, plan: Plan) -> Iterator[Ground]:
    if plan.leave:
        yield superuser.make_facility(NAME, passwords=plan.passwords)
        return
    with own_facility(superuser, passwords=plan.passwords) as ground:
        yield ground


@contextlib.contextmanager
def _load(url: str, ground: Ground, plan: Plan, folder: Path) -> Iterator[LoadProcess]:
    log_file = folder / "load.log"
    with LoadProcess(url, ground, log_file, pace=plan.pace, web_port=plan.web_port) as load:
        if plan.web_port:
            say(f"the charts are at http://127.0.0.1:{plan.web_port}")
        yield load


def best_of(result: Result) -> Trial:
    """The trial of the largest number.

    :raises CapacityError: if there is none.
    """
    if result.best is None:
        reasons = "; ".join(f"{trial.learners}: {trial.reason}" for trial in result.trials)
        raise CapacityError(f"the server does not carry a single class of {CLASS_SIZE}: {reasons}")
    return result.best
