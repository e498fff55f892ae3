"""Visitors who come once a second, whether or not earlier ones have their answers."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from .fronts import ask

if TYPE_CHECKING:
    from typing_extensions import Self

#: Seconds between two visits. User-mode Linux would be overloaded by two a second, even with a
#: healthy share, and visits that do not wait for each other then take longer and longer.
PAUSE = 1.0

#: A visitor without an answer after this many seconds counts as stuck.
STUCK = 60.0

PAGE, LIVE, READY, CONTENT = "page", "live", "ready", "content"
PATHS = {PAGE: "/en/auth/", LIVE: "/azure/health/live", READY: "/azure/health/ready"}


@dataclasses.dataclass(frozen=True)
class Visit:
    """One request.

    :param begun: its start, as of `time.monotonic`.
    :param status: 0 when there was no answer.
    """

    kind: str
    begun: float
    seconds: float
    status: int

    @property
    def ended(self) -> float:
        return self.begun + self.seconds


class Visitors:
    """A context manager: visitors come during the block, and all have left at its end.

    :param files: paths of content, each requested at most once.
    """

    def __init__(self, url: str, files: Iterator[str]) -> None:
        self._url = url
        self._files = files
        self._over = threading.Event()
        self._under_way: list[threading.Thread] = []
        self.visits: list[Visit] = []

    def __enter__(self) -> Self:
        self._coming = threading.Thread(target=self._come)
        self._coming.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._coming.join()
        for each in self._under_way:
            each.join()

    def of(self, kind: str) -> list[Visit]:
        return [visit for visit in list(self.visits) if visit.kind == kind]

    def first(self, kind: str, status: int, after: float) -> float | None:
        """The time at which a visit from after `after` had this answer; None if none has."""
        return min(
            (v.ended for v in self.of(kind) if v.status == status and v.begun >= after),
            default=None,
        )

    def _come(self) -> None:
        while not self._over.wait(PAUSE):
            for kind in (*PATHS, CONTENT):
                path = PATHS.get(kind) or next(self._files)
                visitor = threading.Thread(target=self._visit, args=(kind, path), daemon=True)
                visitor.start()
                self._under_way.append(visitor)

    def _visit(self, kind: str, path: str) -> None:
        begun, status = time.monotonic(), 0
        with contextlib.suppress(OSError, http.client.HTTPException):
            status = ask(self._url, path, seconds=STUCK).status
        self.visits.append(Visit(kind, begun, time.monotonic() - begun, status))


@dataclasses.dataclass(frozen=True)
class FaultResult:
    """The results of the visits during one fault.

    :param held_back: seconds from the fault to the first 503 for content; None if there was none.
    :param back: seconds from the fault's end to the first content.
    """

    name: str
    visits: Sequence[Visit]
    held_back: float | None = None
    back: float | None = None

    def seconds(self, kind: str) -> list[float]:
        return sorted(visit.seconds for visit in self.visits if visit.kind == kind)

    def p99(self, kind: str) -> float:
        return percentile(self.seconds(kind), 99)

    def slowest(self, kind: str) -> float:
        return self.seconds(kind)[-1]

    def answers(self, kind: str) -> dict[int, int]:
        statuses = sorted(visit.status for visit in self.visits if visit.kind == kind)
        return {status: len(list(same)) for status, same in itertools.groupby(statuses)}


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The percentile: the smallest value that this many percent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def table(courses: Sequence[FaultResult]) -> str:
    """A Markdown table with a row for each course."""
    head = ["share", *(f"{kind}, p50 / p99 / max s" for kind in PATHS)]
    head += ["ready", "content", "held back after", "back after"]
    rows = [head, ["---"] * len(head), *map(_row, courses)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(course: FaultResult) -> list[str]:
    return [
        course.name,
        *(_percentiles(course.seconds(kind)) for kind in PATHS),
        _answers(course.answers(READY)),
        _answers(course.answers(CONTENT)),
        *("" if value is None else f"{value:.1f} s" for value in (course.held_back, course.back)),
    ]


def _percentiles(ordered: Sequence[float]) -> str:
    return " / ".join(f"{percentile(ordered, percent):.2f}" for percent in (50, 99, 100))


def _answers(counted: dict[int, int]) -> str:
    return ", ".join(f"{status or 'none'}: {number}" for status, number in counted.items())


def during(
    name: str,
    visitors: Visitors,
    begin: Callable[[], None],
    end: Callable[[], None],
    *,
    seconds: float,
    patience: float,
) -> FaultResult:
    """Cause a fault for some seconds, and wait until content is back."""
    with visitors:
        begun = time.monotonic()
        begin()
        time.sleep(seconds)
        ended = time.monotonic()
        end()
        while (back := visitors.first(CONTENT, 200, ended)) is None:
            if time.monotonic() > ended + patience:
                break
            time.sleep(PAUSE)
    held_back = visitors.first(CONTENT, 503, begun)
    return FaultResult(
        name,
        visitors.visits,
        held_back and held_back - begun,
        back and back - ended,
    )
