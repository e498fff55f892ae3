"""Measures each speed patch: a round with all patches, and without this one.

    python -m bench.patch_cost [ROUNDS [NAME...]]

Plays rounds of a lesson, or of a coach's class page, with and without the patch in turn, in one
process, so that other load affects both alike. Between two pages, a visitor makes a pause, longer
than the plugin keeps rights in memory. Patches that need each other are switched together.
Prints what they save of the whole round, and of the request that they help most: the statements,
and the CPU time of the fastest tenth.

The classes in `OVERRIDES` are measured in the same way. They need no patch, because a setting of
Django puts them, or a class that is based on them, in place of Kolibri's.
"""

from __future__ import annotations

import itertools
import json
import pkgutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

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


#: The plugin's function, the one that it replaces, and each reference to it: an object and a name.
Replaced = tuple[Any, Any, Sequence[tuple[Any, str]]]


@dataclass(frozen=True)
class Patches:
    """A patch, with those that need it."""

    group: list[Patch]

    @property
    def names(self) -> list[str]:
        return [patch.name for patch in self.group]

    @property
    def mix(self) -> str:
        """The visitor whose round shows what they save."""
        return "coach" if self.group[0] in coaching.PATCHES else "lesson"

    def replaced(self) -> list[Replaced]:
        return [(patch.current, patch.original, holders(patch)) for patch in self.group]


@dataclass(frozen=True)
class Override:
    """A class of the plugin whose methods do the same as those of its base class, but faster.

    :param name: the setting that names the class, or the method.
    """

    name: str
    path: str
    methods: tuple[str, ...]
    mix: str = "lesson"

    @property
    def names(self) -> list[str]:
        return [self.name]

    def replaced(self) -> list[Replaced]:
        owner = pkgutil.resolve_name(self.path)
        return [
            (vars(owner)[each], getattr(owner.__base__, each), [(owner, each)])
            for each in self.methods
        ]


Measured = Union[Patches, Override]

OVERRIDES = (
    Override(
        "SESSION_ENGINE",
        "kolibri_azure_plugin.database.browser_sessions:SessionStore",
        ("load", "save"),
    ),
    Override("validate_key", "kolibri_azure_plugin.speed.freshness:_Memory", ("validate_key",)),
)


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
    """A row for everything that is switched together, or only for what has one of the names."""
    # Importing it loads Kolibri.
    from bench.lesson.in_process import MIXES
    from bench.requests_in_process import noted_statements

    sent = noted_statements()
    mixes = {mix: MIXES[mix]() for mix in ("lesson", "coach")}
    measured: list[Measured] = [*map(Patches, groups()), *OVERRIDES]
    chosen = [each for each in measured if not names or {*each.names} & {*names}]
    # The coach first, before the lessons' rounds have made thousands of notifications.
    chosen.sort(key=lambda each: each.mix != "coach")
    return [_measure(each, mixes[each.mix], rounds, sent) for each in chosen]


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


def _measure(measured: Measured, visitor: Any, rounds: int, sent: list[str]) -> list[Any]:
    """Play rounds with and without it; `sent` grows by each statement."""
    from django.core.cache import cache

    from bench.lesson.in_process import play

    first_of_pages = {0, *itertools.accumulate(SIZES)}
    replaced = measured.replaced()
    found = {on: [Cost(0, []) for _ in visitor.requests] for on in (True, False)}
    for turn in range(2 * (WARM_UP + rounds)):
        with_it = turn % 2 == 0
        for ours, own, where in replaced:
            put(ours if with_it else own, where)
        for number, (cost, request) in enumerate(zip(found[with_it], visitor.requests)):
            if number in first_of_pages:
                cache.forget_fresh()
            sent.clear()
            took = play(visitor, request)
            cost.statements = len(sent)
            if turn >= 2 * WARM_UP:
                cost.times.append(took)
    for ours, _own, where in replaced:
        put(ours, where)
    name = "`, `".join(measured.names)
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


def put(function: Any, places: Sequence[tuple[Any, str]]) -> None:
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
