"""The work that both sides do, with the table rows for each piece."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.performance import rows
from bench.performance.comparison import Place
from bench.performance.figures import any_errors, errors, megabytes, p50, p95, rate
from bench.performance.learners import Learner, essentials, sign_in
from bench.performance.load import Load, learner_mix, one_file
from bench.performance.memory import proportional_set
from bench.performance.pages import Visit, visits
from bench.performance.pair import Class, Pair, Running, medians
from bench.performance.rows import Row
from bench.performance.sides import IMAGE, STOCK
from bench.performance.slow_clients import STARTED, SlowClients
from devtools.postgres import PostgresServer

FEW, MANY = 16, 64
FILE_CONNECTIONS = 8

#: After this many seconds, an idle server is at rest and PostgreSQL has updated its statistics.
REST_SECONDS = 3

#: All 200 slow clients must have received bytes after this many seconds.
SLOW_START_SECONDS = 15

#: From issue 5: the size of a page that is fetched in full each time, 163 kB.
WHOLE_PAGE_KB = 163


@dataclass(frozen=True)
class School(Place):
    """The files that a load requests.

    :param small: the address of a content file of 60 kB.
    :param large: the address of a content file of 8 MB.
    """

    small: str
    large: str


WARM_UP_SECONDS = 3

#: Who asks for the five-request mix.
CLASS = Class(
    sign_in,
    lambda url, learners: essentials(url, learners[0]),
    lambda url, learners: learner_mix(url, learners, FEW, WARM_UP_SECONDS),
)


def mix(pair: Pair[Learner], _school: School) -> Iterator[Row]:
    """The five-request mix, PostgreSQL on this machine."""
    few = pair.alternately(_mix(pair, FEW))
    yield rows.times(f"five-request mix, {FEW} connections: requests/s", medians(few, rate), 4)
    yield rows.note("the same: p50, ms", medians(few, p50))
    yield rows.share("the same: p95, ms", medians(few, p95), 0.25)
    yield from any_errors(few)
    yield from _crowd(pair, "five-request mix", 0)


def mix_with_delay(pair: Pair[Learner], _school: School) -> Iterator[Row]:
    """The five-request mix, PostgreSQL a millisecond away."""
    work = "1 ms each way to the database"
    alone = pair.alternately(_mix(pair, 1))
    yield rows.limit(f"{work}, 1 connection: p50, ms", medians(alone, p50), 10)
    yield rows.note("the same: p95, ms", medians(alone, p95))
    yield rows.note("the same: requests/s", medians(alone, rate))
    yield from any_errors(alone)
    few = pair.alternately(_mix(pair, FEW))
    yield rows.times(f"{work}, {FEW} connections: requests/s", medians(few, rate), 4)
    yield rows.note("the same: p95, ms", medians(few, p95))
    yield rows.limit("the same: errors", errors(few), 0)
    yield from _crowd(pair, work, 4)


def files(pair: Pair[Learner], school: School) -> Iterator[Row]:
    """Content files."""
    for path, work, value, goal in (
        (school.small, "60 kB content file, 8 connections: requests/s", rate, 10),
        (school.large, "8 MB content file, 8 connections: MB/s", megabytes, 8),
    ):
        loads = pair.alternately(_file(pair, path))
        yield rows.times(work, medians(loads, value), goal)
        yield from any_errors(loads)


def slow_clients(pair: Pair[Learner], school: School) -> Iterator[Row]:
    """The five-request mix while many clients download a video over slow connections."""

    def beside(one: Running[Learner]) -> Load:
        with SlowClients(one.url + school.large, school.folder) as clients:
            began = time.monotonic()
            while STARTED not in clients.output and time.monotonic() < began + SLOW_START_SECONDS:
                time.sleep(0.1)
            if STARTED not in clients.output and one.side.name == IMAGE:
                raise RuntimeError(f"the slow clients did not begin:\n{clients.output}")
            return _mix(pair, FEW)(one)

    alone = medians(pair.alternately(_mix(pair, FEW)), p95)
    work = "five-request mix p95 while 200 slow clients download a video, ms"
    loads = pair.alternately(beside)
    yield rows.unchanged(work, alone, medians(loads, p95), 1.2)
    yield from any_errors({IMAGE: loads[IMAGE], STOCK: []})


def page(pair: Pair[Learner], _school: School) -> Iterator[Row]:
    """The learn page in Chromium."""
    both = pair.once(lambda one: visits(one.url, one.learners[0]))

    def kilobytes(number: int, value: Callable[[Visit], float]) -> dict[str, float]:
        return {name: value(pages[number]) / 1000 for name, pages in both.items()}

    first = "learn page, first visit with an empty cache, kB"
    yield rows.share(first, kilobytes(0, lambda visit: visit.total - visit.fonts), 0.8)
    yield rows.note("the fonts that follow, kB", kilobytes(0, lambda visit: visit.fonts))
    again = kilobytes(1, lambda visit: visit.total)
    yield rows.limit("learn page, repeat visit, kB", again, WHOLE_PAGE_KB / 4)


def memory(pair: Pair[Learner], _school: School) -> Iterator[Row]:
    """All processes of each side, warm and at rest."""
    time.sleep(REST_SECONDS)
    measured = pair.once(lambda one: proportional_set(one.process.pid))
    stock, image = (measured[side][1] for side in (STOCK, IMAGE))
    work = f"memory at rest, MB ({stock} and {image} processes)"
    yield rows.limit(work, {name: size for name, (size, _) in measured.items()}, 500)


def start(pair: Pair[Learner], _school: School) -> Iterator[Row]:
    """Seconds from the start of the program to the first good readiness probe."""
    took = {name: one.started_in for name, one in pair.running.items()}
    yield rows.limit("cold start, database migrated, s", took, 6)


def connections(pair: Pair[Learner], school: School) -> Iterator[Row]:
    """The number of new connections of a warm side to PostgreSQL."""

    def per_thousand(one: Running[Learner]) -> float:
        before = sessions(school.postgres, one.side.database)
        load = _mix(pair, FEW)(one)
        time.sleep(REST_SECONDS)
        opened = sessions(school.postgres, one.side.database) - before
        return 1000 * opened / (load.rate * pair.seconds)

    work = "new database connections per 1,000 requests when warm"
    yield rows.limit(work, pair.once(per_thousand), 0)


def sessions(postgres: PostgresServer, database: str) -> int:
    """PostgreSQL's count of all sessions so far."""
    count = "SELECT sessions FROM pg_stat_database WHERE datname = %s"
    return int(postgres.execute(count, (database,))[0][0])


def _crowd(pair: Pair[Learner], work: str, goal: float) -> Iterator[Row]:
    many = pair.alternately(_mix(pair, MANY))
    title = f"{work}, {MANY} connections: requests/s"
    yield (
        rows.times(title, medians(many, rate), goal)
        if goal
        else rows.note(title, medians(many, rate))
    )
    yield rows.limit("the same: errors", errors(many), 0)


def _mix(pair: Pair[Learner], connections: int) -> Callable[[Running[Learner]], Load]:
    return lambda one: learner_mix(one.url, one.learners, connections, pair.seconds)


def _file(pair: Pair[Learner], path: str) -> Callable[[Running[Learner]], Load]:
    return lambda one: one_file(one.url, path, FILE_CONNECTIONS, pair.seconds)
