"""Both sides, running at the same time; only one of them is asked at a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from bench.performance.learners import Learner, WrongAnswerError, essentials, sign_in
from bench.performance.load import learner_mix
from bench.performance.sides import IMAGE, STOCK, Server, Side, start

T = TypeVar("T")

WARM_UP_CONNECTIONS, WARM_UP_SECONDS = 16, 3


@dataclass(frozen=True)
class Running:
    """A side that serves.

    :param started_in: seconds until its first good answer.
    """

    side: Side
    process: Server
    learners: Sequence[Learner]
    started_in: float

    @property
    def url(self) -> str:
        return self.process.url


@dataclass(frozen=True)
class Pair:
    """Stock Kolibri and the image.

    :param seconds: how long each load lasts.
    :param rounds: how often each side has its turn.
    """

    running: Mapping[str, Running]
    seconds: float
    rounds: int
    sides: tuple[str, ...] = field(default=(STOCK, IMAGE))

    def alternately(self, measure: Callable[[Running], T]) -> dict[str, list[T]]:
        """What is measured on each side, in turn."""
        found: dict[str, list[T]] = {name: [] for name in self.sides}
        for _ in range(self.rounds):
            for name in self.sides:
                found[name].append(measure(self.running[name]))
        return found

    def once(self, measure: Callable[[Running], T]) -> dict[str, T]:
        """What is measured on each side."""
        return {name: measure(self.running[name]) for name in self.sides}


def medians(found: Mapping[str, Sequence[T]], value: Callable[[T], float]) -> dict[str, float]:
    """For each side."""
    return {name: statistics.median(map(value, each)) for name, each in found.items()}


@contextmanager
def running_pair(
    sides: Sequence[Side], port: int, *, seconds: float, rounds: int
) -> Iterator[Pair]:
    """Both started on PostgreSQL at `port`, found to answer the same, and warm."""
    with ExitStack() as stack:
        running = {}
        for side in sides:
            process, took = start(side, port)
            stack.enter_context(process)
            running[side.name] = Running(side, process, sign_in(process.url), took)
        pair = Pair(running, seconds, rounds)
        _expect_the_same(pair.once(lambda one: essentials(one.url, one.learners[0])))
        pair.once(
            lambda one: learner_mix(one.url, one.learners, WARM_UP_CONNECTIONS, WARM_UP_SECONDS)
        )
        yield pair


def _expect_the_same(answers: Mapping[str, Mapping[str, object]]) -> None:
    for name, expected in answers[STOCK].items():
        if answers[IMAGE][name] != expected:
            raise WrongAnswerError(f"{name}: {STOCK} {expected}, {IMAGE} {answers[IMAGE][name]}")
