"""Measures each speed patch: a round with all patches, and without this one.

    python -m bench.patch_cost [ROUNDS [PATCH...]]

Plays rounds of a lesson, or of a coach's class page, with and without the patch in turn, in one
process, so that other load affects both alike. Between two pages, a visitor makes a pause, longer
than the plugin keeps rights in memory. Patches that need each other are switched together.
Prints what they save of the whole round, and of the request that they help most: the statements,
and the CPU time of the fastest tenth.
"""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import dataclass
from typing import Any

from bench.capacity.rounds import SIZES
from bench.inside import MARK, school_to_measure
from bench.lesson.school import seed_data
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.kolibri_patches.tables import PATCHES, coaching

#: The argument that runs this module in the deployment's environment.
INSIDE = "inside"

WARM_UP = 3

SECONDS = 1800


@dataclass
class Cost:
    """What one request of the round costs: its statements, and CPU milliseconds of each turn."""

    statements: int
    times: list[float]


def main() -> None:
    if sys.argv[1:2] == [INSIDE]:
        del sys.argv[1]
        print(f"{MARK}{json.dumps(measure(int(sys.argv[1]), sys.argv[2:]))}")
        return
    rounds = sys.argv[1] if len(sys.argv) > 1 else "40"
    words = ("-m", "bench.patch_cost", INSIDE, rounds, *sys.argv[2:])
    with school_to_measure(seed_data) as school:
        report(school.ask_plugin(*words, seconds=SECONDS))


def measure(rounds: int, names: list[str]) -> list[list[Any]]:
    """A row for each group of patches, or for those with the given names."""
    # Importing it loads Kolibri.
    from bench.lesson.in_process import MIXES
    from bench.requests_in_process import noted_statements

    sent = noted_statements()
    mixes = {mix: MIXES[mix]() for mix in ("lesson", "coach")}
    chosen = [
        group for group in groups() if not names or {patch.name for patch in group} & set(names)
    ]
    # The coach first, before the lessons' rounds have made thousands of notifications.
    chosen.sort(key=lambda group: not is_for_coaches(group))
    return [
        _measure(group, mixes["coach" if is_for_coaches(group) else "lesson"], rounds, sent)
        for group in chosen
    ]


def is_for_coaches(group: list[Patch]) -> bool:
    """Whether a coach's page shows what these patches save, and not a lesson."""
    return group[0] in coaching.PATCHES


def groups() -> list[list[Patch]]:
    """Each patch for speed with those that need it, and only once."""
    found: list[list[Patch]] = []
    for patch in PATCHES:
        if patch.kind is Kind.SPEED and not any(patch in group for group in found):
            group = [patch]
            for one in group:
                group += [
                    each for each in PATCHES if one.target in each.needs and each not in group
                ]
            found.append(group)
    return found


def _measure(group: list[Patch], visitor: Any, rounds: int, sent: list[str]) -> list[Any]:
    """Play rounds with and without these patches; `sent` grows by each statement."""
    from django.core.cache import cache

    from bench.lesson.in_process import play

    first_of_pages = {0, *itertools.accumulate(SIZES)}
    places = [(patch.current, patch.original, holders(patch)) for patch in group]
    found = {on: [Cost(0, []) for _ in visitor.requests] for on in (True, False)}
    for turn in range(2 * (WARM_UP + rounds)):
        with_it = turn % 2 == 0
        for wrapped, own, where in places:
            put(wrapped if with_it else own, where)
        for number, (cost, request) in enumerate(zip(found[with_it], visitor.requests)):
            if number in first_of_pages:
                cache.forget_fresh()
            sent.clear()
            took = play(visitor, request)
            cost.statements = len(sent)
            if turn >= 2 * WARM_UP:
                cost.times.append(took)
    for wrapped, _own, where in places:
        put(wrapped, where)
    name = "`, `".join(patch.name for patch in group)
    return row(name, [request.title for request in visitor.requests], found)


def row(name: str, titles: list[str], found: dict[bool, list[Cost]]) -> list[Any]:
    """The patches, what they save of the round, and the request that they help most."""
    times = {
        on: [sorted(cost.times)[len(cost.times) // 10] for cost in costs]
        for on, costs in found.items()
    }
    saved = [before - after for before, after in zip(times[False], times[True])]
    most = saved.index(max(saved))
    request = [found[on][most].statements for on in (False, True)]
    rounds = [sum(cost.statements for cost in found[on]) for on in (False, True)]
    sums = [sum(times[on]) for on in (False, True)]
    return [name, rounds, sums, titles[most], request, [times[on][most] for on in (False, True)]]


def holders(patch: Patch) -> list[tuple[Any, str]]:
    """Every reference to the function: in its owner, and in modules that import it by name."""
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
    print(
        "| patches | statements of a round | milliseconds | saved | most of all | saved of that |"
    )
    print("|---|---|---|---|---|---|")
    for name, statements, (before, after), title, fewer, (slow, fast) in found:
        print(
            f"| `{name}` | {statements[0]}, {statements[1]} | {before:.1f}, {after:.1f} "
            f"| {1 - after / before:.1%} | {title} | {fewer[0]}, {fewer[1]} statements; "
            f"{slow:.1f}, {fast:.1f} ms; {1 - fast / slow:.0%} |"
        )


if __name__ == "__main__":
    main()
