"""Charts of the last day by the minute, as paths of SVG."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Sequence

#: The size of a chart in its own units: one is a minute, and a hundredth of its highest value.
MINUTES, HEIGHT = 24 * 60, 100

#: Numbers of which one, times a power of ten, is the highest value on the axis.
ROUND = (1, 2, 5, 10)

#: The parts of a chart between the times under it.
PARTS = 4

#: The values by the minutes since 1970.
Values = Sequence[tuple[int, float]]


@dataclasses.dataclass(frozen=True)
class Curve:
    """One curve of a chart.

    :param name: tells the style sheet its colour.
    :param path: the value of an SVG path's attribute `d`.
    """

    name: str
    label: str
    path: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """A chart with its words.

    :param description: what it shows, for somebody who does not see it.
    :param top: the value at its upper end.
    :param times: evenly spaced, from its beginning to its end.
    """

    id: str
    title: str
    description: str
    curves: Sequence[Curve]
    top: str
    times: Sequence[str]
    width: int = MINUTES
    height: int = HEIGHT


def top_of(values: Iterable[float]) -> float:
    """The value at the upper end of an axis for these: a round number."""
    highest = max(values, default=0)
    if highest <= 1:
        return 1
    power = 10 ** math.floor(math.log10(highest))
    return next(each * power for each in ROUND if each * power >= highest)


def area(values: Values, top: float, now: int) -> str:
    """The area under a curve, with a step for each minute, and gaps for those without a value.

    :param values: oldest first.
    :param top: the value at the upper end.
    :param now: the minute at the right end.
    """
    path: list[str] = []
    end, height = -1, 0
    for minute, value in values:
        x = MINUTES - 1 - (now - minute)
        if not 0 <= x < MINUTES:
            continue
        y = HEIGHT - round(HEIGHT * min(value, top) / top)
        if x != end:
            path += [_close(end), f"M{x} {HEIGHT}V{y}"]
        elif y != height:
            path.append(f"H{x}V{y}")
        end, height = x + 1, y
    return "".join([*path, _close(end)])


def _close(end: int) -> str:
    """The right end of a part of an area; nothing if none has begun."""
    return "" if end < 0 else f"H{end}V{HEIGHT}Z"


def quarters(now: dt.datetime) -> list[dt.datetime]:
    """The times under a chart."""
    day = dt.timedelta(minutes=MINUTES)
    return [now - day + number * day / PARTS for number in range(PARTS + 1)]
