"""The command line of a comparison: both sides do its rows of work, and the table is printed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from bench.deployment import deployment_to_measure
from bench.performance import kept
from bench.performance.kept import Part
from bench.performance.limits import ends_within
from bench.performance.pair import Class, LearnerT, Pair, start_pair
from bench.performance.rows import Row
from bench.performance.sides import Side, both
from bench.performance.table import circumstances, write
from devtools.container_processes import make_static
from devtools.deployment import Deployment
from devtools.postgres import PostgresServer
from devtools.tcp_proxy import LatencyProxy

BENCH = Path(__file__).parents[1]
PAGE = BENCH.parent / "docs" / "performance.md"

SECONDS, ROUNDS = 6, 3

#: No part of the work needs more: this long for what it prepares, and then so many loads of each
#: side in each round. Starting both sides, signing in and warming up needs no more, either.
PREPARE_SECONDS, LOADS = 400, 6


@dataclass(frozen=True)
class Place:
    """What a load needs besides the sides.

    :param folder: the folder for logs.
    """

    postgres: PostgresServer
    folder: Path


PlaceT = TypeVar("PlaceT", bound=Place)

Work = Callable[[Pair[LearnerT], PlaceT], Iterator[Row]]


@dataclass
class Results:
    """What a run has found so far.

    :param errors: why parts of the work have no rows, by their names.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison(Generic[LearnerT, PlaceT]):
    """What is measured.

    :param name: the package in bench/; its table has marks of this name.
    :param learners: those who are signed in on both sides.
    :param furnish: fills the migrated deployment, and returns what the work needs.
    :param near: the work by the name of its rows, with PostgreSQL on this machine.
    :param far: the same, with PostgreSQL a millisecond away.
    """

    name: str
    learners: Class[LearnerT]
    furnish: Callable[[Deployment, PostgresServer, Path], PlaceT]
    near: Mapping[str, Work[LearnerT, PlaceT]]
    far: Mapping[str, Work[LearnerT, PlaceT]]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.near, *self.far)

    @property
    def file(self) -> Path:
        """Where `--write` keeps the rows."""
        return BENCH / self.name / "measured.json"

    def main(self) -> None:
        """Run it as a command, which ends with 1 if a part of the work failed."""
        options = self._options()
        with deployment_to_measure() as (deployment, postgres, azure):
            folder = deployment.home.with_name("measured")
            folder.mkdir()
            _say("the image's static files, and a school in a new database")
            with ThreadPoolExecutor() as pool:
                static = pool.submit(make_static, folder / "static")
                deployment.provision()
                place = self.furnish(deployment, postgres, folder)
            sides = both(deployment, postgres, azure, folder, static.result())
            results = Results()
            self._measure(sides, place, options, results)
        print(kept.text(results.parts, [name for name in self.names if name in options.rows]))
        if options.write:
            self.write(results.parts)
        for name, error in results.errors.items():
            _say(f"error: {name}: {type(error).__name__}: {error}")
        if results.errors:
            sys.exit(1)

    def write(self, parts: Mapping[str, Part]) -> None:
        """Keep these parts, and show them in the page, next to those that were kept before."""
        parts = {**kept.load(self.file), **parts}
        kept.save(self.file, {name: parts[name] for name in self.names if name in parts})
        write(PAGE, self.name, self.text())

    def text(self) -> str:
        """What the page says between its marks."""
        return kept.text(kept.load(self.file), self.names)

    def _options(self) -> argparse.Namespace:
        parser = argparse.ArgumentParser(prog=f"python -m bench.{self.name}")
        parser.add_argument(
            "--rows",
            default=",".join(self.names),
            type=lambda text: text.split(","),
            help="the rows to measure, from %(default)s",
        )
        parser.add_argument("--seconds", type=float, default=SECONDS, help="per load (%(default)s)")
        parser.add_argument(
            "--rounds", type=int, default=ROUNDS, help="turns per side (%(default)s)"
        )
        parser.add_argument(
            "--write",
            action="store_true",
            help="put these rows in docs/performance.md; the others stay as they are",
        )
        options = parser.parse_args()
        unknown = set(options.rows) - set(self.names)
        if unknown:
            parser.error(f"no such rows: {', '.join(sorted(unknown))}")
        return options

    def _measure(
        self,
        sides: Sequence[Side],
        place: PlaceT,
        options: argparse.Namespace,
        results: Results,
    ) -> None:
        """Do the work near the database, then the work far from it."""
        rows, port = set(options.rows), place.postgres.port
        if rows & set(self.near):
            self._rows_of(self.near, sides, port, place, options, results)
        if rows & set(self.far):
            with LatencyProxy(port, place.folder) as delay:
                self._rows_of(self.far, sides, delay.port, place, options, results)

    def _rows_of(
        self,
        works: Mapping[str, Work[LearnerT, PlaceT]],
        sides: Sequence[Side],
        port: int,
        place: PlaceT,
        options: argparse.Namespace,
        results: Results,
    ) -> None:
        limit = PREPARE_SECONDS + 2 * LOADS * options.rounds * options.seconds
        way = f"{circumstances()}. Medians of {options.rounds} turns of {options.seconds:g} s each"
        _say("both start")
        with ExitStack() as stack:
            with ends_within(PREPARE_SECONDS, "the start of both sides"):
                # A load writes, and the databases differ then: only the first pair is compared.
                starting = start_pair(
                    sides,
                    port,
                    self.learners,
                    seconds=options.seconds,
                    rounds=options.rounds,
                    compare=not (results.parts or results.errors),
                )
                pair = stack.enter_context(starting)
            for name, measure in works.items():
                if name not in options.rows:
                    continue
                began = time.monotonic()
                try:
                    with ends_within(limit, name):
                        results.parts[name] = Part(list(measure(pair, place)), way)
                except Exception as error:  # noqa: BLE001 - the other rows may be good
                    results.errors[name] = error
                _say(f"{name} took {time.monotonic() - began:.0f} s")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
