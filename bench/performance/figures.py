"""Single figures of loads, for the rows of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.performance import rows
from bench.performance.load import Load
from bench.performance.rows import Row


def rate(load: Load) -> float:
    return load.rate


def p50(load: Load) -> float:
    return load.p50


def p95(load: Load) -> float:
    return load.p95


def megabytes(load: Load) -> float:
    return load.megabytes


def errors(loads: Mapping[str, Sequence[Load]]) -> dict[str, float]:
    """The errors of each side in all turns."""
    return {name: sum(load.errors for load in each) for name, each in loads.items()}


def any_errors(loads: Mapping[str, Sequence[Load]]) -> Iterator[Row]:
    """An extra row if requests failed, because fast failures would look like good results."""
    found = errors(loads)
    if any(found.values()):
        yield rows.limit("the same: errors", found, 0)
