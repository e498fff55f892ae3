"""Measures the cost of each request of a lesson, with and without the plugin.

    python -m bench.lesson.cost [ROUNDS] [--mix lesson|signing-in|passwords|coach] [--statements]
    python -m bench.lesson.cost [ROUNDS] --write      all mixes, for docs/performance.md

Counts the statements of each request of a round, and its CPU time: in one process, one request
after another, without a web server, so the database's own time and the network's are left out. The
time is that of the fastest tenth of the rounds, which other load on the machine disturbs least.
Both sides play on the same database, one after the other.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.inside import MeasuredSchool, school_to_measure
from bench.lesson.school import seed_data
from bench.performance.comparison import PAGE
from bench.performance.table import circumstances, table, write

SECONDS = 600

HEAD = ("request", "statements, stock", "with the plugin", "ms, stock", "with the plugin")

#: What each mix is, for its last line.
MIXES: Mapping[str, str] = {
    "lesson": "a round of a lesson",
    "signing-in": "signing in without a password",
    "passwords": "signing in with a password",
    "coach": "a coach's look at a class",
}

#: The marks around the tables in the page.
NAME = "lesson.cost"


@dataclass(frozen=True)
class Cost:
    """What one request costs: its statements, and milliseconds of CPU."""

    title: str
    statements: list[str]
    milliseconds: float


@dataclass(frozen=True)
class Costs:
    """The requests of a mix in order, on both sides."""

    mix: str
    stock: list[Cost]
    plugin: list[Cost]

    @property
    def table(self) -> str:
        return table(HEAD, lines(MIXES[self.mix], self.stock, self.plugin))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lesson.cost")
    add = parser.add_argument
    add("rounds", nargs="?", type=int, default=100)
    add("--mix", choices=tuple(MIXES), default="lesson")
    add("--statements", action="store_true", help="print the plugin's, too")
    add("--write", action="store_true", help="put the costs of all mixes in docs/performance.md")
    options = parser.parse_args()
    with school_to_measure(seed_data) as school:
        mixes = MIXES if options.write else (options.mix,)
        found = [measure(school, mix, options.rounds) for mix in mixes]
    for each in found:
        print(each.table)
        if options.statements:
            for cost in each.plugin:
                print("", cost.title, *cost.statements, sep="\n  ")
    if options.write:
        write(PAGE, NAME, text(found, options.rounds))


def measure(school: MeasuredSchool, mix: str, rounds: int) -> Costs:
    """Play a mix on both sides, one after the other."""
    words = ("-m", "bench.lesson.in_process", mix, str(rounds))
    plugin = costs(school.ask_plugin(*words, seconds=SECONDS))
    return Costs(mix, costs(school.ask_stock(*words, seconds=SECONDS)), plugin)


def text(found: list[Costs], rounds: int) -> str:
    """What the page says between its marks."""
    way = f"{circumstances()}. The fastest tenth of {rounds} rounds."
    return "\n".join([*(each.table for each in found), way])


def costs(found: list[dict[str, Any]]) -> list[Cost]:
    """The cost of each request of a round."""
    return [
        Cost(each["title"], each["statements"], each["times"][len(each["times"]) // 10])
        for each in found
    ]


def lines(what: str, stock: list[Cost], plugin: list[Cost]) -> Iterator[list[str]]:
    """The rows of the table: each request of the round in order, and their sum."""
    for before, after in zip(stock, plugin):
        yield _line(before.title, [before], [after])
    yield _line(f"**{what}: {len(stock)} requests**", stock, plugin)


def _line(title: str, stock: list[Cost], plugin: list[Cost]) -> list[str]:
    sides = (stock, plugin)
    counts = [str(sum(len(cost.statements) for cost in side)) for side in sides]
    times = [f"{sum(cost.milliseconds for cost in side):.1f}" for side in sides]
    return [title, *counts, *times]


if __name__ == "__main__":
    main()
