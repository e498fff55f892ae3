"""Kills each part of the image once while learners use it, and prints a Markdown table.

    python -m bench.chaos [--minutes 10] [--connections 32] [--write]

docs/performance.md explains what is counted; --write puts the table there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.chaos.faults import faults
from bench.chaos.run import ChaosResult, FaultOutcome, run
from bench.deployment import deployment_to_measure
from bench.performance.learners import sign_in
from bench.performance.school import seed_data
from bench.performance.table import circumstances, table, write
from devtools.container_processes import begin, make_static

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"

HEAD = (
    "killed",
    "failed requests",
    "own user answered after",
    "last failure after",
    "a new job was done after",
)

#: A kill itself takes at most this many seconds.
NOTICEABLE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--write", action="store_true", help="put the table in docs/performance.md")
    options = parser.parse_args()
    with deployment_to_measure() as (deployment, postgres, _):
        deployment.provision()
        seed_data(deployment, deployment.home.with_name("channel"))
        static = make_static(deployment.home.with_name("static"))
        with begin(deployment, static=static) as container:
            container.wait_until_ready()
            course = run(
                container.url,
                sign_in(container.url),
                faults(container, postgres),
                connections=options.connections,
                seconds=options.minutes * 60,
            )
            container.wait_until_ready()
    text = f"{markdown(course)}\n{summary(course, options.connections)}\n\n{circumstances()}.\n"
    print(text)
    if options.write:
        write(PAGE, "chaos", text)


def markdown(course: ChaosResult) -> str:
    """One table row for each kill."""
    return table(HEAD, [_line(aftermath) for aftermath in course.outcomes])


def summary(course: ChaosResult, connections: int) -> str:
    """Summarise the run in a few sentences."""
    account = course.account
    unanswered = sum(failure.answered is None for failure in account.failures)
    return (
        f"{course.seconds / 60:.0f} minutes of the five-request mix with "
        f"{connections} connections: {course.requests:,} requests, "
        f"{course.requests / course.seconds:.0f} a second, median "
        f"{course.median:.0f} ms. {len(account.failures)} failed, {unanswered} of them "
        f"permanently, and {len(course.before)} before the first kill. The client repeated "
        f"{account.renewed} at once, because the kept connection had been closed."
    )


def _line(aftermath: FaultOutcome) -> tuple[str, ...]:
    kinds = ", ".join(f"{kind}: {count}" for kind, count in sorted(aftermath.kinds.items()))
    failed = f"{len(aftermath.failures)} ({kinds})" if kinds else "0"
    last = "" if aftermath.last is None else f"{aftermath.last:.1f} s"
    away = f", away for {aftermath.away:.1f} s" if aftermath.away > NOTICEABLE else ""
    return (
        f"{aftermath.victim}{away}",
        failed,
        f"{aftermath.again:.1f} s",
        last,
        f"{aftermath.job:.1f} s",
    )


if __name__ == "__main__":
    main()
