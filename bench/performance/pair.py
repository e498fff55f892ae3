"""Both sides, running at the same time; only one is under load at a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bench.performance.learners import WrongAnswerError
from bench.performance.sides import IMAGE, STOCK, Server, Side, start

T = TypeVar("T")
LearnerT = TypeVar("LearnerT")


@dataclass(frozen=True)
class Class(Generic[LearnerT]):
    """The learners of a benchmark.

    :param sign_in: signs all of them in at an address.
    :param essentials: what they see there, by name; both sides must show the same.
    :param warm_up: lets them load a side, whose results don't count.
    """

    sign_in: Callable[[str], Sequence[LearnerT]]
    essentials: Callable[[str, Sequence[LearnerT]], Mapping[str, object]]
    warm_up: Callable[[str, Sequence[LearnerT]], object]


@dataclass(frozen=True)
class Running(Generic[LearnerT]):
    """A running side.

    :param started_in: seconds until its first good answer.
    """

    side: Side
    process: Server
    learners: Sequence[LearnerT]
    started_in: float

    @property
    def url(self) -> str:
        return self.process.url


@dataclass(frozen=True)
class Pair(Generic[LearnerT]):
    """Stock Kolibri and the image.

    :param seconds: how long each load lasts.
    :param rounds: the number of turns of each side.
    """

    running: Mapping[str, Running[LearnerT]]
    seconds: float
    rounds: int
    sides: tuple[str, ...] = field(default=(STOCK, IMAGE))

    def alternately(self, measure: Callable[[Running[LearnerT]], T]) -> dict[str, list[T]]:
        """Measure both sides in turn, in all rounds."""
        found: dict[str, list[T]] = {name: [] for name in self.sides}
        for _ in range(self.rounds):
            for name in self.sides:
                found[name].append(measure(self.running[name]))
        return found

    def once(self, measure: Callable[[Running[LearnerT]], T]) -> dict[str, T]:
        """Measure each side once."""
        return {name: measure(self.running[name]) for name in self.sides}


def medians(found: Mapping[str, Sequence[T]], value: Callable[[T], float]) -> dict[str, float]:
    """The median of each side."""
    return {name: statistics.median(map(value, each)) for name, each in found.items()}


@contextmanager
def start_pair(
    sides: Sequence[Side],
    port: int,
    learners: Class[LearnerT],
    *,
    seconds: float,
    rounds: int,
    compare: bool = True,
) -> Iterator[Pair[LearnerT]]:
    """Start both on PostgreSQL at `port`, and warm them up.

    :param compare: check first that their answers match.
    """
    with ExitStack() as stack:
        running = {}
        for side in sides:
            process, took = start(side, port)
            stack.enter_context(process)
            running[side.name] = Running(side, process, learners.sign_in(process.url), took)
        pair = Pair(running, seconds, rounds)
        if compare:
            _require_equal(pair.once(lambda one: learners.essentials(one.url, one.learners)))
        pair.once(lambda one: learners.warm_up(one.url, one.learners))
        yield pair


def _require_equal(answers: Mapping[str, Mapping[str, object]]) -> None:
    for name, expected in answers[STOCK].items():
        if answers[IMAGE][name] != expected:
            raise WrongAnswerError(f"{name}: {STOCK} {expected}, {IMAGE} {answers[IMAGE][name]}")
