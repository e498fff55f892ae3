"""The rows of the lesson itself: its rounds, played by as many learners as connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.lesson.essentials import essentials
from bench.lesson.learners import Pupil, pupils
from bench.performance import rows
from bench.performance.comparison import Place
from bench.performance.figures import any_errors, errors, p50, p95, rate
from bench.performance.load import Load, all_at_once
from bench.performance.pair import Class, Pair, Running, medians
from bench.performance.rows import Row

FEW, MANY = 16, 64

WARM_UP_SECONDS = 4

CLASSES = Class(
    pupils,
    essentials,
    lambda url, learners: all_at_once(url, [each.lines for each in learners], WARM_UP_SECONDS),
)


def lesson(pair: Pair[Pupil], _place: Place) -> Iterator[Row]:
    """A few learners, and all of them; PostgreSQL on this machine."""
    few = pair.alternately(playing(pair, FEW))
    yield rows.times(f"lesson, {FEW} connections: requests/s", medians(few, rate), 4)
    yield rows.note("the same: p50, ms", medians(few, p50))
    yield rows.share("the same: p95, ms", medians(few, p95), 0.3)
    yield from any_errors(few)
    many = pair.alternately(playing(pair, MANY))
    yield rows.times(f"lesson, {MANY} connections: requests/s", medians(many, rate), 5)
    yield rows.note("the same: p95, ms", medians(many, p95))
    yield rows.limit("the same: errors", errors(many), 0)


def lesson_with_delay(pair: Pair[Pupil], _place: Place) -> Iterator[Row]:
    """PostgreSQL a millisecond away."""
    few = pair.alternately(playing(pair, FEW))
    work = f"lesson, {FEW} connections, 1 ms each way to the database: requests/s"
    yield rows.times(work, medians(few, rate), 5)
    yield rows.note("the same: p95, ms", medians(few, p95))
    yield from any_errors(few)


def playing(pair: Pair[Pupil], connections: int) -> Callable[[Running[Pupil]], Load]:
    """A load of as many learners as connections."""

    def play(one: Running[Pupil]) -> Load:
        visitors = [each.lines for each in one.learners[:connections]]
        return all_at_once(one.url, visitors, pair.seconds)

    return play
