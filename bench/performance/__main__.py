"""Stock Kolibri and this image's processes on the same machine, as a table in Markdown.

    python -m bench.performance [--rows mix,delay,…] [--seconds 6] [--rounds 3] [--write]

Both have the same PostgreSQL with TLS, each a database of the same contents, and are asked in turn.
docs/performance.md says how it is measured; with --write the table goes there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.deployment import deployment_to_measure
from bench.performance import work
from bench.performance.pair import running_pair
from bench.performance.rows import Row
from bench.performance.school import LARGE_FILE, SMALL_FILE, content_file, furnish
from bench.performance.sides import Side, both
from bench.performance.table import circumstances, markdown, write
from devtools.container_processes import make_static
from devtools.delay import Delay

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"

NEAR = {
    "start": work.start,
    "memory": work.memory,
    "mix": work.mix,
    "connections": work.connections,
    "files": work.files,
    "slow": work.slow_clients,
    "page": work.page,
}
FAR = {"delay": work.mix_with_delay}

SECONDS, ROUNDS = 6, 3


def main() -> None:
    options = _options()
    with deployment_to_measure() as (deployment, postgres, azure):
        folder = deployment.home.with_name("measured")
        folder.mkdir()
        _say("the image's static files, and a school in a new database")
        with ThreadPoolExecutor() as pool:
            static = pool.submit(make_static, folder / "static")
            deployment.provision()
            furnish(deployment, folder)
        small, large = (content_file(deployment.share, size) for size in (SMALL_FILE, LARGE_FILE))
        school = work.School(postgres, small, large, folder)
        sides = both(deployment, postgres, azure, folder, static.result())
        found = list(_measure(sides, school, options))
    text = f"{markdown(found)}\n{circumstances()}. Medians of {options.rounds} turns of "
    text += f"{options.seconds:g} s each.\n"
    print(text)
    if options.write:
        write(PAGE, "performance", text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.performance")
    parser.add_argument(
        "--rows",
        default=",".join((*NEAR, *FAR)),
        type=lambda text: text.split(","),
        help="which work, of %(default)s",
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load (%(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="turns of each (%(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table in docs/performance.md")
    options = parser.parse_args()
    unknown = set(options.rows) - {*NEAR, *FAR}
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    if options.write and set(options.rows) != {*NEAR, *FAR}:
        parser.error("--write replaces the whole table, so it takes all rows")
    return options


def _measure(
    sides: Sequence[Side], school: work.School, options: argparse.Namespace
) -> Iterator[Row]:
    port = school.postgres.port
    if set(options.rows) & set(NEAR):
        yield from _rows_of(NEAR, sides, port, school, options)
    if set(options.rows) & set(FAR):
        with Delay(port, school.folder) as delay:
            yield from _rows_of(FAR, sides, delay.port, school, options)


def _rows_of(
    works: Mapping[str, work.Work],
    sides: Sequence[Side],
    port: int,
    school: work.School,
    options: argparse.Namespace,
) -> Iterator[Row]:
    _say("both start")
    with running_pair(sides, port, seconds=options.seconds, rounds=options.rounds) as pair:
        for name, measure in works.items():
            if name in options.rows:
                began = time.monotonic()
                yield from measure(pair, school)
                _say(f"{name} took {time.monotonic() - began:.0f} s")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
