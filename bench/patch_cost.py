"""What each patch for speed is worth: a learner's requests with all patches, and without one of them.

Usage: python -m bench.patch_cost [REQUESTS]

As bench.request_cost measures them: statements, and the time that the processor is busy.
"""

from __future__ import annotations

import sys

from bench.deployment import deployment_to_measure
from bench.performance.school import LEARNERS, furnish
from bench.request_cost import measure
from kolibri_azure_plugin.kolibri_patches import PATCHES, judgement
from kolibri_azure_plugin.kolibri_patches.patch import Kind

WITHOUT = "without"


def main() -> None:
    if sys.argv[1:2] == [WITHOUT]:
        ask_without(sys.argv[2])
        return
    requests = sys.argv[1] if len(sys.argv) > 1 else "100"
    with deployment_to_measure() as (deployment, _, _azure):
        folder = deployment.home.with_name("furniture")
        folder.mkdir()
        deployment.provision()
        furnish(deployment, folder)

        def ask(target: str) -> dict[str, dict[str, float]]:
            words = ("-m", "bench.patch_cost", WITHOUT, target, LEARNERS[0], requests)
            return measure(deployment.command(deployment.python, *words), deployment.environment)

        ask("")
        print("| without | request | statements | milliseconds | saved by the patch |")
        print("|---|---|---|---|---|")
        for patch in PATCHES:
            if patch.kind is Kind.SPEED:
                # With and without in turn: what else the machine does changes by the minute.
                report(patch.name, ask(""), ask(patch.target))


def ask_without(target: str) -> None:
    judgement.PATCHES = tuple(patch for patch in PATCHES if patch.target != target)
    del sys.argv[1:3]
    # Loads Kolibri when it is imported.
    from bench import requests_in_process

    requests_in_process.main()


def report(
    name: str, with_it: dict[str, dict[str, float]], without: dict[str, dict[str, float]]
) -> None:
    for path, after in with_it.items():
        before = without[path]
        saved = 1 - after["milliseconds"] / before["milliseconds"]
        print(
            f"| `{name}` | `{path}` | {before['statements']} > {after['statements']} "
            f"| {before['milliseconds']:.1f} > {after['milliseconds']:.1f} | {saved:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
