"""What each request of a learner costs Kolibri, with the plugin and without.

Usage: python -m bench.request_cost [REQUESTS]

Counts the statements of a request whose user has just asked for something else, and the time that
the processor is busy with it: in one process, one request after the other, without a web server.
The time is the best tenth's, which other work on the machine disturbs least.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.deployment import DATABASE, deployment_to_measure
from bench.performance.school import LEARNERS, furnish
from bench.startup import stock_environment
from devtools.deployment import run

SECONDS = 300


def main() -> None:
    requests = sys.argv[1] if len(sys.argv) > 1 else "300"
    with deployment_to_measure() as (deployment, postgres, _):
        folder = deployment.home.with_name("furniture")
        folder.mkdir()
        deployment.provision()
        furnish(deployment, folder)
        stock = {
            **stock_environment(deployment, postgres, folder / "stock"),
            "KOLIBRI_CONTENT_DIR": str(deployment.share),
            "KOLIBRI_DATABASE_NAME": DATABASE,
        }
        Path(stock["KOLIBRI_HOME"]).mkdir()
        words = ("-m", "bench.requests_in_process", LEARNERS[0], requests)
        command = deployment.command(deployment.python, *words)
        report(measure(command, stock), measure(command, deployment.environment))


def measure(command: list[str], environment: dict[str, str]) -> dict[str, dict[str, float]]:
    """For each request: `statements`, and `milliseconds` of the processor."""
    result = run(command, environment, SECONDS)
    _, marker, found = result.stdout.partition("FOUND ")
    if not marker:
        raise RuntimeError(f"{result.stdout}\n{result.stderr}")
    return {
        path: {
            "statements": each["statements"],
            "milliseconds": each["times"][len(each["times"]) // 10],
        }
        for path, each in json.loads(found.splitlines()[0]).items()
    }


def report(stock: dict[str, dict[str, float]], plugin: dict[str, dict[str, float]]) -> None:
    print(
        "| request | statements, stock | with the plugin | milliseconds, stock | with the plugin |"
    )
    print("|---|---|---|---|---|")
    for path, before in stock.items():
        after = plugin[path]
        print(
            f"| `{path}` | {before['statements']} | {after['statements']} "
            f"| {before['milliseconds']:.1f} | {after['milliseconds']:.1f} |"
        )


if __name__ == "__main__":
    main()
