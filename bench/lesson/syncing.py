"""The row of a lesson while a school syncs with the server."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from bench.lesson.learners import Pupil
from bench.lesson.work import FEW, playing
from bench.performance import rows
from bench.performance.comparison import Place
from bench.performance.figures import any_errors, p95
from bench.performance.load import Load
from bench.performance.pair import Pair, Running, medians
from bench.performance.rows import Row
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from devtools.syncing.school import School, run_steps, step

#: The work of a class of some days. A push of this many has ten chunks, each of which takes the
#: school over a second; then the server integrates all of them.
RECORDS, LEARNERS = 2_000, 20

#: A new school migrates its database, joins the facility and creates its records in this time.
PREPARE_SECONDS = 240

#: The first records have arrived after this time; the school first serialises all of them.
BEGIN_SECONDS = 45

#: The learners work while the push goes on, but no longer than this: without pauses, they leave the
#: school little of the processors. Then it may go on alone for a while.
LOAD_SECONDS, END_SECONDS = 40, 60

PUSH_SECONDS = BEGIN_SECONDS + LOAD_SECONDS + END_SECONDS

#: The number of records that the push has brought, and that it is to bring.
PROGRESS = """
    SELECT records_transferred, records_total FROM morango_transfersession
    WHERE push ORDER BY start_timestamp DESC LIMIT 1
"""


@dataclass(frozen=True)
class Joined:
    """A school that has joined the facility of a side, with records to push."""

    school: School
    url: str
    facility: str

    def push(self) -> bool:
        """Whether the push ended in time; an error in it is raised."""
        sync = step("sync", self.url, self.facility, no_pull=True)
        try:
            run_steps(self.school, sync, seconds=PUSH_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True


@dataclass(frozen=True)
class Beside:
    """A lesson during a push.

    :param arrived: percent of the records that were at the server at the end of the lesson.
    """

    loads: list[Load]
    arrived: float
    ended: bool


def lesson_beside_a_sync(pair: Pair[Pupil], place: Place) -> Iterator[Row]:
    """A school with stock Kolibri joins the facility, and pushes its records during the load."""
    with ThreadPoolExecutor() as pool:
        joining = {name: pool.submit(_join, one, place) for name, one in pair.running.items()}
    schools = {name: each.result() for name, each in joining.items()}
    play = playing(pair, FEW)

    def beside(one: Running[Pupil]) -> Beside:
        def arrived() -> float:
            found = place.postgres.execute(PROGRESS, database=one.side.database)
            [(brought, total)] = found or [(0, 0)]
            return 100 * brought / total if total else 0.0

        with ThreadPoolExecutor() as pool:
            push = pool.submit(schools[one.side.name].push)
            wait_until(lambda: push.done() or arrived(), "the first records", BEGIN_SECONDS)
            loads = _until_done(push, lambda: play(one))
            percent = arrived()
            return Beside(loads, percent, push.result())

    alone = medians(pair.alternately(play), p95)
    besides = pair.once(beside)
    loads = {name: each.loads for name, each in besides.items()}
    work = f"lesson, {FEW} connections: p95 while a school syncs, ms"
    yield rows.beside(work, alone, medians(loads, p95))
    arrived = {name: each.arrived for name, each in besides.items()}
    yield rows.note(f"the same: records that arrived within {LOAD_SECONDS} s, %", arrived)
    unfinished = {name: float(not each.ended) for name, each in besides.items()}
    yield rows.limit("the same: syncs that did not end a minute later", unfinished, 0)
    yield from any_errors(loads)


def _join(one: Running[Pupil], place: Place) -> Joined:
    school = School(place.folder / f"school-{one.side.name}")
    facility = KolibriClient(one.url).facility()["id"]
    credentials = {"username": SUPERUSER, "password": SUPERUSER_PASSWORD}
    run_steps(
        school,
        step("sync", one.url, facility, no_push=True, **credentials),
        step("make_records", facility, "s", RECORDS, LEARNERS),
        seconds=PREPARE_SECONDS,
    )
    return Joined(school, one.url, facility)


def _until_done(push: Future[bool], play: Callable[[], Load]) -> list[Load]:
    """Play again and again while the push goes on."""
    began = time.monotonic()
    loads = [play()]
    while time.monotonic() < began + LOAD_SECONDS and not push.done():
        loads.append(play())
    return loads
