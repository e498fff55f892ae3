"""What both sides are given to do, each piece of work with its rows of the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.performance import rows
from bench.performance.load import Load, learner_mix, one_file
from bench.performance.memory import proportional_set
from bench.performance.pages import Visit, visits
from bench.performance.pair import Pair, Running, medians
from bench.performance.rows import Row
from bench.performance.sides import IMAGE, STOCK
from bench.performance.slow_clients import STARTED, SlowClients
from devtools.postgres import PostgresServer

FEW, MANY = 16, 64
FILE_CONNECTIONS = 8

#: Seconds in which a server that has nothing to do comes to rest, and PostgreSQL writes down what
#: it has counted.
REST_SECONDS = 3

#: Seconds in which 200 slow clients have their first bytes, or the server has none to spare.
SLOW_START_SECONDS = 15

#: What issue 5 says of a page that is fetched anew each time: 163 kB.
WHOLE_PAGE_KB = 163


@dataclass(frozen=True)
class School:
    """What a load needs to know of the sides.

    :param small: address of a content file of 60 kB.
    :param large: address of one of 8 MB.
    :param folder: for logs.
    """

    postgres: PostgresServer
    small: str
    large: str
    folder: Path


Work = Callable[[Pair, School], Iterator[Row]]


def rate(load: Load) -> float:
    return load.rate


def p50(load: Load) -> float:
    return load.p50


def p95(load: Load) -> float:
    return load.p95


def megabytes(load: Load) -> float:
    return load.megabytes


def mix(pair: Pair, _school: School) -> Iterator[Row]:
    """The learner mix, PostgreSQL on this machine."""
    few = pair.alternately(_mix(pair, FEW))
    yield rows.times(f"learner mix, {FEW} connections: requests/s", medians(few, rate), 4)
    yield rows.note("the same: p50, ms", medians(few, p50))
    yield rows.share("the same: p95, ms", medians(few, p95), 0.25)
    yield from _any_errors(few)
    yield from _crowd(pair, "learner mix", 0)


def mix_with_delay(pair: Pair, _school: School) -> Iterator[Row]:
    """The learner mix, PostgreSQL a millisecond away."""
    work = "1 ms each way to the database"
    alone = pair.alternately(_mix(pair, 1))
    yield rows.limit(f"{work}, 1 connection: p50, ms", medians(alone, p50), 10)
    yield rows.note("the same: p95, ms", medians(alone, p95))
    yield rows.note("the same: requests/s", medians(alone, rate))
    yield from _any_errors(alone)
    few = pair.alternately(_mix(pair, FEW))
    yield rows.times(f"{work}, {FEW} connections: requests/s", medians(few, rate), 4)
    yield rows.note("the same: p95, ms", medians(few, p95))
    yield rows.limit("the same: errors", _errors(few), 0)
    yield from _crowd(pair, work, 4)


def files(pair: Pair, school: School) -> Iterator[Row]:
    """Content files."""
    for path, work, value, goal in (
        (school.small, "60 kB content file, 8 connections: requests/s", rate, 20),
        (school.large, "8 MB content file, 8 connections: MB/s", megabytes, 8),
    ):
        loads = pair.alternately(_file(pair, path))
        yield rows.times(work, medians(loads, value), goal)
        yield from _any_errors(loads)


def slow_clients(pair: Pair, school: School) -> Iterator[Row]:
    """The learner mix while many download a video over slow lines."""

    def beside(one: Running) -> Load:
        with SlowClients(one.url + school.large, school.folder) as clients:
            began = time.monotonic()
            while STARTED not in clients.output and time.monotonic() < began + SLOW_START_SECONDS:
                time.sleep(0.1)
            if STARTED not in clients.output and one.side.name == IMAGE:
                raise RuntimeError(f"the slow clients did not begin:\n{clients.output}")
            return _mix(pair, FEW)(one)

    alone = medians(pair.alternately(_mix(pair, FEW)), p95)
    work = "learner mix p95 while 200 slow clients download a video, ms"
    loads = pair.alternately(beside)
    yield rows.unchanged(work, alone, medians(loads, p95), 1.2)
    yield from _any_errors({IMAGE: loads[IMAGE], STOCK: []})


def page(pair: Pair, _school: School) -> Iterator[Row]:
    """The learn page in Chromium."""
    both = pair.once(lambda one: visits(one.url, one.learners[0]))

    def kilobytes(number: int, value: Callable[[Visit], float]) -> dict[str, float]:
        return {name: value(pages[number]) / 1000 for name, pages in both.items()}

    first = "learn page, first visit with an empty cache, kB"
    yield rows.share(first, kilobytes(0, lambda visit: visit.total - visit.fonts), 0.8)
    yield rows.note("the fonts that follow, kB", kilobytes(0, lambda visit: visit.fonts))
    again = kilobytes(1, lambda visit: visit.total)
    yield rows.limit("learn page, repeat visit, kB", again, WHOLE_PAGE_KB / 4)


def memory(pair: Pair, _school: School) -> Iterator[Row]:
    """All processes of each side, warm and at rest."""
    time.sleep(REST_SECONDS)
    measured = pair.once(lambda one: proportional_set(one.process.pid))
    stock, image = (measured[side][1] for side in (STOCK, IMAGE))
    work = f"memory at rest, MB ({stock} and {image} processes)"
    yield rows.limit(work, {name: size for name, (size, _) in measured.items()}, 500)


def start(pair: Pair, _school: School) -> Iterator[Row]:
    """From the start of the program to the first good answer of a readiness probe."""
    took = {name: one.started_in for name, one in pair.running.items()}
    yield rows.limit("cold start, database migrated, s", took, 6)


def connections(pair: Pair, school: School) -> Iterator[Row]:
    """How often a warm side connects to PostgreSQL."""

    def per_thousand(one: Running) -> float:
        before = sessions(school.postgres, one.side.database)
        load = _mix(pair, FEW)(one)
        time.sleep(REST_SECONDS)
        opened = sessions(school.postgres, one.side.database) - before
        return 1000 * opened / (load.rate * pair.seconds)

    work = "new database connections per 1,000 requests when warm"
    yield rows.limit(work, pair.once(per_thousand), 0)


def sessions(postgres: PostgresServer, database: str) -> int:
    """How many there have been, as PostgreSQL counts them."""
    count = "SELECT sessions FROM pg_stat_database WHERE datname = %s"
    return int(postgres.execute(count, (database,))[0][0])


def _crowd(pair: Pair, work: str, goal: float) -> Iterator[Row]:
    many = pair.alternately(_mix(pair, MANY))
    title = f"{work}, {MANY} connections: requests/s"
    yield (
        rows.times(title, medians(many, rate), goal)
        if goal
        else rows.note(title, medians(many, rate))
    )
    yield rows.limit("the same: errors", _errors(many), 0)


def _mix(pair: Pair, connections: int) -> Callable[[Running], Load]:
    return lambda one: learner_mix(one.url, one.learners, connections, pair.seconds)


def _file(pair: Pair, path: str) -> Callable[[Running], Load]:
    return lambda one: one_file(one.url, path, FILE_CONNECTIONS, pair.seconds)


def _any_errors(loads: dict[str, list[Load]]) -> Iterator[Row]:
    """A row more where something failed, so that nobody counts fast failures as answers."""
    errors = _errors(loads)
    if any(errors.values()):
        yield rows.limit("the same: errors", errors, 0)


def _errors(loads: dict[str, list[Load]]) -> dict[str, float]:
    return {name: sum(load.errors for load in each) for name, each in loads.items()}
