"""Ends processes and the database while a class works, and counts the coach's notifications.

    python -m bench.notifications [--ends 44] [--long 5] [--longest 600] [--pupils 10]

Prints a line for each round. The exit code is 1 if a notification is missing or duplicated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from bench.deployment import DATABASE, deployment_to_measure
from bench.notifications import rounds
from bench.notifications.faults import Container, Fault, ends, outage
from bench.notifications.pupils import Pupil
from bench.notifications.school import names, seed_data
from bench.performance.table import table
from devtools.ports import free_port

#: Seconds of a short outage (one of five kinds of rounds) and of a longer one.
SHORT, LONG = 5, 60

HEAD = (
    "what ended",
    "rounds",
    "answers",
    "requests unanswered",
    "missing",
    "twice",
    "settled after",
)


def main() -> int:
    options = _options()
    count = options.ends + options.long + (options.longest > 0)
    with deployment_to_measure() as (deployment, postgres, _):
        deployment.provision()
        lessons = seed_data(deployment, pupils=options.pupils, lessons=count)
        container = Container(deployment, free_port())
        try:
            pupils = [Pupil(container.url, name) for name in names(options.pupils)]
            faults = _faults(options, ends(container), lambda s: outage(container, postgres, s))

            def execute(statement: str, values: Sequence[object]) -> list[Any]:
                return postgres.execute(statement, values, database=DATABASE)

            done = []
            for number, (fault, lesson) in enumerate(zip(faults, lessons), 1):
                done.append(rounds.run(execute, pupils, lesson, fault))
                print(f"{number:3d}/{count} {line(done[-1])}", flush=True)
        finally:
            container.kill()
    print(summary(done))
    return 0 if all(each.verdict.is_right for each in done) else 1


def line(done: rounds.Round) -> str:
    """Describe a round in one line."""
    verdict = done.verdict
    text = (
        f"{done.fault}: {verdict.answered} answers, {verdict.unanswered} requests unanswered, "
        f"{len(verdict.missing)} missing, {verdict.twice} twice, settled after {done.settled:.1f} s"
    )
    return f"{text}; {verdict.missing[:3]}" if verdict.missing else text


def summary(done: Sequence[rounds.Round]) -> str:
    """One line for each kind of round, and one for the total."""
    kinds = {fault: [each for each in done if each.fault == fault] for fault in _names(done)}
    return table(HEAD, [_row(name, of) for name, of in {**kinds, "all": list(done)}.items()])


def _row(name: str, of: Sequence[rounds.Round]) -> tuple[str, ...]:
    verdicts = [each.verdict for each in of]
    return (
        name,
        str(len(of)),
        f"{sum(each.answered for each in verdicts):,}",
        f"{sum(each.unanswered for each in verdicts):,}",
        str(sum(len(each.missing) for each in verdicts)),
        str(sum(each.twice for each in verdicts)),
        f"{max(each.settled for each in of):.1f} s",
    )


def _names(done: Sequence[rounds.Round]) -> list[str]:
    return list(dict.fromkeys(each.fault for each in done))


def _faults(options: argparse.Namespace, of_processes: list[Fault], away: Any) -> Iterator[Fault]:
    kinds = [*of_processes, away(SHORT)]
    for number in range(options.ends):
        yield kinds[number % len(kinds)]
    for _ in range(options.long):
        yield away(LONG)
    if options.longest:
        yield away(options.longest)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.notifications")
    parser.add_argument("--ends", type=int, default=44, help="rounds: kill, stop or 5 s outage")
    parser.add_argument("--long", type=int, default=5, help="rounds with a database outage of 60 s")
    parser.add_argument("--longest", type=int, default=600, help="seconds of the last; 0: none")
    parser.add_argument("--pupils", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
