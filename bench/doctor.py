"""Measures the cost of the doctor: `kolibri manage azure_check` on a healthy deployment.

Usage: python -m bench.doctor [RUNS]

Runs it and a bare `kolibri manage --skip-update check` in turn, and prints the medians and their
difference, which must stay below 3 seconds.
"""

from __future__ import annotations

import statistics
import sys
import time

from bench.deployment import deployment_to_measure
from devtools.deployment import Deployment

RUNS = 7

COMMANDS = {
    "kolibri manage --skip-update check": ("manage", "--skip-update", "check"),
    "kolibri manage azure_check": ("manage", "azure_check"),
}

#: The doctor may take this many seconds longer.
ALLOWED = 3.0


def seconds_of(deployment: Deployment, arguments: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    deployment.require(*arguments)
    return time.perf_counter() - begun


def measure(deployment: Deployment, runs: int) -> dict[str, list[float]]:
    """Return the wall times of each command. They take turns, so other load affects both alike."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds_of(deployment, arguments))
    return times


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with deployment_to_measure() as (deployment, _, _):
        deployment.provision()
        times = measure(deployment, runs)
    medians = [statistics.median(each) for each in times.values()]
    for name, each in times.items():
        print(
            f"{name}: median {statistics.median(each):.2f} s of {runs} "
            f"({min(each):.2f} to {max(each):.2f})"
        )
    difference = medians[1] - medians[0]
    print(f"the doctor takes {difference:+.2f} s; {ALLOWED:g} s are allowed")
    return int(difference > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
