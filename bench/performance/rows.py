"""The rows of the table: the measurements of both sides, and whether they reach the target."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.performance.sides import IMAGE, STOCK

Values = Mapping[str, float]

#: Ratios below this are shown with one more digit.
ROUNDED = 0.05


@dataclass(frozen=True)
class Row:
    """One line of the table, as text.

    :param ratio: the image's value divided by that of stock Kolibri, or empty.
    :param reached: whether the target is reached; None if the row has no target.
    """

    work: str
    stock: str
    image: str
    ratio: str
    goal: str
    reached: bool | None


def times(work: str, values: Values, goal: float) -> Row:
    """More is better: at least `goal` times as much as stock Kolibri."""
    ratio = _ratio(values)
    return _row(work, values, f"at least {goal:g} times", reached=ratio >= goal)


def share(work: str, values: Values, goal: float) -> Row:
    """Less is better: at most `goal` times as much as stock Kolibri."""
    ratio = _ratio(values)
    return _row(work, values, f"at most {goal:g} times", reached=ratio <= goal)


def limit(work: str, values: Values, most: float, unit: str = "") -> Row:
    """No more than `most`; stock Kolibri's value does not matter."""
    goal = f"at most {most:g}{unit}" if most else "0"
    return _row(work, values, goal, reached=values[IMAGE] <= most)


def note(work: str, values: Values) -> Row:
    """A value without a target, which explains another row."""
    return _row(work, values, "", reached=None)


def unchanged(work: str, alone: Values, loaded: Values, most: float) -> Row:
    """The image's value under another load is at most `most` times its value `alone`."""
    row = beside(work, alone, loaded)
    reached = loaded[IMAGE] / alone[IMAGE] <= most
    goal = f"at most {most:g} times the value without"
    return dataclasses.replace(row, goal=goal, reached=reached)


def beside(work: str, alone: Values, loaded: Values) -> Row:
    """Both sides' values alone and under another load, without a target."""
    ratio = loaded[IMAGE] / alone[IMAGE]
    stock, image = (f"{number(alone[side])} → {number(loaded[side])}" for side in (STOCK, IMAGE))
    return Row(work, stock, image, f"{ratio:.2f} times without", "", None)


def number(value: float) -> str:
    """Format a number with about three digits."""
    if math.isinf(value):
        return "no answer"
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _row(work: str, values: Values, goal: str, *, reached: bool | None) -> Row:
    ratio = _ratio(values)
    shown = f"{ratio:.{2 if ratio >= ROUNDED else 3}f}" if math.isfinite(ratio) else ""
    return Row(work, number(values[STOCK]), number(values[IMAGE]), shown, goal, reached)


def _ratio(values: Values) -> float:
    if not values[STOCK] or math.isinf(values[STOCK]):
        return math.nan
    return values[IMAGE] / values[STOCK]
