"""The rows of the table: what was measured on both sides, and whether it is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.performance.sides import IMAGE, STOCK

Values = Mapping[str, float]

#: Ratios below need a digit more.
ROUNDED = 0.05


@dataclass(frozen=True)
class Row:
    """One line of the table, as text.

    :param ratio: the image's value by that of stock Kolibri, or empty.
    :param reached: None where there is nothing to reach.
    """

    work: str
    stock: str
    image: str
    ratio: str
    goal: str
    reached: bool | None


def times(work: str, values: Values, goal: float) -> Row:
    """The more the better: `goal` times as much as stock Kolibri."""
    ratio = _ratio(values)
    return _row(work, values, f"{goal:g} times", reached=ratio >= goal)


def share(work: str, values: Values, goal: float) -> Row:
    """The less the better: `goal` times stock Kolibri's at most."""
    ratio = _ratio(values)
    return _row(work, values, f"at most {goal:g} times", reached=ratio <= goal)


def limit(work: str, values: Values, most: float, unit: str = "") -> Row:
    """No more than `most`, whatever stock Kolibri does."""
    goal = f"{most:g}{unit} at most" if most else "0"
    return _row(work, values, goal, reached=values[IMAGE] <= most)


def note(work: str, values: Values) -> Row:
    """What helps to understand another row."""
    return _row(work, values, "", reached=None)


def unchanged(work: str, alone: Values, beside: Values, most: float) -> Row:
    """What each side does `beside` other work, as against `alone`: `most` times that at most."""
    ratio = beside[IMAGE] / alone[IMAGE]
    stock, image = (f"{number(alone[side])} → {number(beside[side])}" for side in (STOCK, IMAGE))
    goal = f"at most {most:g} times what it is without"
    return Row(work, stock, image, f"{ratio:.2f} times without", goal, ratio <= most)


def number(value: float) -> str:
    """Three digits or so, as people write them."""
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
