"""Writes the results to docs/sizing.md, and the numbers that follow from them everywhere else.

    python -m bench.capacity.page

Reads `measured.json` and the template; measures nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.capacity import sizing, texts
from bench.capacity.expense import DATABASE, LOAD, OTHERS, SERVER
from bench.capacity.instances import ALLOWED, COMPARED, growth
from bench.capacity.measured import Found, Instances, Measured, load, summary
from bench.capacity.trial import Trial
from bench.performance import table
from bench.performance.rows import number

PAGE = Path(__file__).parents[2] / "docs" / "sizing.md"

#: The name of the marks around the results.
NAME = "capacity"

SECONDS_OF_AN_HOUR = 3600

#: The size whose learners per vCPU the page states: its instances have two, like the machine that
#: was measured.
TYPICAL = "medium"


def write() -> None:
    """Bring the page, the templates' texts and the other pages up to date."""
    measured = load()
    table.write(PAGE, NAME, text(measured))
    texts.write(learners(measured.found))


def learners(found: Found) -> dict[str, int]:
    """The number of learners of each size."""
    template = sizing.template_sizes()
    return {name: sizing.carried(template[name], found).learners for name in sizing.SIZES}


def text(measured: Measured) -> str:
    """What the page says between its marks."""
    found = measured.found
    parts = [
        "## What each size carries, computed",
        of_sizes(found),
        "## What was measured",
        of_search(found),
        f"{found.circumstances}.",
        "## One, two and four instances",
        of_instances(measured.instances),
        f"{measured.instances_circumstances}.",
    ]
    return "\n\n".join(part.strip() for part in parts)


def of_sizes(found: Found) -> str:
    """The sizes of the template, with what limits each first."""
    head = (
        "size",
        "plan, instances",
        "database",
        "sign-ins at once",
        "lessons",
        "database carries",
        "threads carry",
        "**learners**",
        "first limit",
        "connections",
    )
    lines = []
    sizes = {f"`{name}`": size for name, size in sizing.template_sizes().items()}
    for name, size in {**sizes, "`large` with overrides": sizing.largest_site()}.items():
        carried = sizing.carried(size, found)
        least, most = size["minimumInstances"], size["maximumInstances"]
        lines.append(
            (
                name,
                f"{size['planSku']}, {least}" + (f" to {most}" if most > least else ""),
                size["databaseSku"].removeprefix("Standard_"),
                *_whole(carried.at_once, carried.in_lessons, carried.database, carried.threads),
                f"**{carried.learners:,}**",
                carried.first_limit,
                f"{carried.connections:,} of {size['databaseConnections']:,}",
            )
        )
    overrides = json.dumps(sizing.OVERRIDES)
    return f"{table.table(head, lines)}\nThe overrides are `{overrides}`."


def of_search(found: Found) -> str:
    """The number that was found, what it costs, and the trials."""
    request, sign_in, hour = found.request, found.sign_in, found.rate * SECONDS_OF_AN_HOUR
    costs = (
        ("requests", hour, None),
        ("processor time of the app, s", hour * request.server_ms / 1000, sign_in.server_ms),
        (
            "processor time of the database, s",
            hour * request.database_ms / 1000,
            sign_in.database_ms,
        ),
        ("processor time of the load, s", hour * request.load_ms / 1000, sign_in.load_ms),
        ("SQL statements", hour * request.statements, sign_in.statements),
        ("transactions", hour * request.transactions, sign_in.transactions),
    )
    per_request = (
        "",
        *(
            f"{number(value)} ms"
            for value in (request.server_ms, request.database_ms, request.load_ms)
        ),
        *(number(value) for value in (request.statements, request.transactions)),
    )
    lines = [
        (what, number(an_hour), each, _of_a_sign_in(what, once))
        for (what, an_hour, once), each in zip(costs, per_request)
    ]
    parts = (
        _sentence_of_search(found),
        table.table(("a learner", "an hour of lessons", "a request", "a sign-in"), lines),
        _sentence_of_processors(found),
        _trials(found.trials),
    )
    return "\n\n".join(part.strip() for part in parts)


def _sentence_of_search(found: Found) -> str:
    how = "with" if found.passwords else "without"
    return (
        f"The image carried **{found.learners:,} learners** with the load and the database on the "
        f"same machine: p95 {found.storm_p95:,.0f} ms while they signed in {how} passwords within "
        f"{found.storm_seconds:,.0f} s, "
        f"{found.lesson_p95:,.0f} ms in {found.lesson_seconds:,.0f} s of the lesson. It did not "
        f"carry more: {found.limit}."
    )


def _sentence_of_processors(found: Found) -> str:
    each, rest = sizing.per_vcpu(sizing.template_sizes()[TYPICAL], found), found.rest
    lessons, at_once, database = _whole(each.in_lessons, each.at_once, each.database)
    return (
        f"Without visitors, an instance uses {number(rest['server_seconds'])} s of processor time "
        f"an hour, and sends {number(rest['statements'])} statements, for which the database uses "
        f"{number(rest['database_seconds'])} s. After this work, and with the safety factor, "
        f"a vCPU of the app carries {lessons} learners in lessons, and {at_once} who sign in at "
        f"once; a vCPU of the database carries {database} (in `{TYPICAL}`). {found.connections} "
        f"connections to the database were open."
    )


def of_trials(trials: Iterable[Trial]) -> str:
    """The trials of a search at a site."""
    return _trials([summary(trial) for trial in trials])


#: How the page calls what is compared.
NAMES: Mapping[str, str] = {
    "server_ms": "the app's processor time",
    "database_ms": "the database's processor time",
    "statements": "the number of statements",
}

#: No request gets that much cheaper, so the fall is an error, which could also hide growth.
WHY_NOT_COMPARABLE = (
    "So many instances on so few cores fill the machine, mostly with work without visitors; that "
    "work is measured at rest and subtracted, so a small error in it can hide growth."
)


def of_instances(rows: Sequence[Instances]) -> str:
    """The cost of a request by number of instances, compared with the first row."""
    head = (
        "instances",
        "learners",
        "app, ms",
        "database, ms",
        "statements",
        "growth",
        "load, ms",
        "other programs, processors",
        "p95, ms",
    )
    lines = []
    for row in rows:
        request, grown = row.request, growth(rows[0], row).values()
        lines.append(
            (
                str(row.instances),
                f"{row.learners:,}",
                *(number(getattr(request, name)) for name in COMPARED),
                f"{min(grown):+.0%} to {max(grown):+.0%}" if row is not rows[0] else "",
                number(request.load_ms),
                f"{row.others:.2f}",
                f"{row.p95:,.0f}",
            )
        )
    return f"{table.table(head, lines)}\n{_verdict(rows)}"


def _verdict(rows: Sequence[Instances]) -> str:
    """Whether the cost of a request grows by more than is allowed, where this can be seen."""
    changes = [
        (NAMES[what], share, row.instances)
        for row in rows
        for what, share in growth(rows[0], row).items()
    ]
    fallen = [
        f"{name}, which falls by {-share:.0%} with {instances} instances"
        for name, share, instances in changes
        if share < -ALLOWED
    ]
    grown = [
        f"{name} by {share:.0%} with {instances} instances"
        for name, share, instances in changes
        if share > ALLOWED
    ]
    says = [f"**Not comparable**: {'; '.join(fallen)}.", WHY_NOT_COMPARABLE] if fallen else []
    if grown:
        says.append(f"**More than {ALLOWED:.0%} growth**: {'; '.join(grown)}.")
    else:
        says.append(f"Nothing {'else ' if fallen else ''}grows by more than {ALLOWED:.0%}.")
    return " ".join(says)


def _trials(trials: Iterable[Mapping[str, Any]]) -> str:
    head = (
        "learners",
        "p95 of signing in, ms",
        "p95 of the lesson, ms",
        "errors",
        "carried",
        "processors of app, database, load, others",
    )
    return table.table(head, [_trial(each) for each in trials])


def _trial(each: Mapping[str, Any]) -> tuple[str, ...]:
    lesson = each["lesson_p95"]
    return (
        f"{each['learners']:,}",
        f"{each['storm_p95']:,.0f}",
        "not begun" if lesson is None else f"{lesson:,.0f}",
        f"{each['errors']:,}",
        "yes" if each["carried"] else "no",
        _processors(each["processors"]),
    )


def _processors(used: Mapping[str, float] | None) -> str:
    """Those that each part kept busy; a site's are not known."""
    if used is None:
        return "not known"
    return ", ".join(f"{used[part]:.2f}" for part in (SERVER, DATABASE, LOAD, OTHERS))


def _of_a_sign_in(what: str, once: float | None) -> str:
    if once is None:
        return ""
    return f"{number(once)} ms" if what.endswith(", s") else number(once)


def _whole(*values: float) -> tuple[str, ...]:
    return tuple(f"{_digits(value)}" for value in values)


def _digits(value: float) -> str:
    """A whole number with two digits that mean something."""
    unit = 10 ** max(len(str(int(value))) - 2, 0)
    return f"{int(value // unit * unit):,}"


if __name__ == "__main__":
    write()
