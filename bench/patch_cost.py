"""What each patch for speed is worth: a learner's requests with all of them, and without one.

Usage: python -m bench.patch_cost [REQUESTS [PATCH]]

In one process, where each request is made with the patch and without it in turn: what else the
machine does comes to the same for both. Statements, and the time that the processor is busy; the
time is the best tenth's.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.deployment import deployment_to_measure
from bench.performance.school import LEARNERS, furnish
from bench.request_cost import SECONDS
from devtools.deployment import run
from kolibri_azure_plugin.kolibri_patches import PATCHES
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

#: What starts this module in the deployment's environment.
INSIDE = "inside"


def main() -> None:
    if sys.argv[1:2] == [INSIDE]:
        del sys.argv[1]
        ask()
        return
    requests = sys.argv[1] if len(sys.argv) > 1 else "300"
    with deployment_to_measure() as (deployment, _, _azure):
        folder = deployment.home.with_name("furniture")
        folder.mkdir()
        deployment.provision()
        furnish(deployment, folder)
        words = ("-m", "bench.patch_cost", INSIDE, LEARNERS[0], requests, *sys.argv[2:])
        command = deployment.command(deployment.python, *words)
        result = run(command, deployment.environment, 4 * SECONDS)
        _, marker, found = result.stdout.partition("FOUND ")
        if not marker:
            raise RuntimeError(f"{result.stdout}\n{result.stderr}")
        report(json.loads(found.splitlines()[0]))


def ask() -> None:
    """Make the requests; `sys.argv` holds the user, how many, and the patch if it is one."""
    # Loads Kolibri when it is imported.
    from bench.requests_in_process import WARM_UP, as_learner, call

    paths, cookie, sent = as_learner(sys.argv[1])
    # Only now Python finds the Django that Kolibri brings along.
    from django.core.cache import cache

    found = []
    for patch in PATCHES:
        if patch.kind is not Kind.SPEED or patch.name not in (sys.argv[3:] or [patch.name]):
            continue
        places, wrapped, own = holders(patch), patch.current, patch.original
        for shown, path in paths.items():
            times: dict[bool, list[float]] = {True: [], False: []}
            statements = {}
            for turn in range(2 * (WARM_UP + int(sys.argv[2]))):
                with_it = turn % 2 == 0
                put(wrapped if with_it else own, places)
                # What one of the two has kept is nothing for the other.
                cache.clear()
                call(path, cookie)
                sent.clear()
                took = call(path, cookie)
                if turn >= 2 * WARM_UP:
                    times[with_it].append(took)
                    statements[with_it] = len(sent)
            put(wrapped, places)
            tenth = {key: sorted(each)[len(each) // 10] for key, each in times.items()}
            found.append(
                [patch.name, shown, statements[False], statements[True], tenth[False], tenth[True]]
            )
    print("FOUND", json.dumps(found))


def holders(patch: Patch) -> list[tuple[Any, str]]:
    """What holds the function: its owner, and modules that have taken it over by its name."""
    wrapped, place = patch.current, patch.place
    return [
        place,
        *(
            (module, name)
            for module in list(sys.modules.values())
            for name, value in list(getattr(module, "__dict__", {}).items())
            if value is wrapped and module is not place[0]
        ),
    ]


def put(function: Any, places: list[tuple[Any, str]]) -> None:
    for holder, name in places:
        setattr(holder, name, function)


def report(found: list[list[Any]]) -> None:
    print("| patch | request | statements without, with | milliseconds | saved |")
    print("|---|---|---|---|---|")
    for name, path, statements, fewer, before, after in found:
        print(
            f"| `{name}` | `{path}` | {statements}, {fewer} | {before:.2f}, {after:.2f} "
            f"| {1 - after / before:.0%} |"
        )


if __name__ == "__main__":
    main()
