"""The use of the deployment in words, numbers and charts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from kolibri_azure_plugin.web.status.cards import Card, Cell, Fact, Table
from kolibri_azure_plugin.web.status.charts import Chart, Curve, Values, area, quarters, top_of
from kolibri_azure_plugin.web.status.language import ENGLISH, Wording
from kolibri_azure_plugin.web.status.use import Use
from kolibri_azure_plugin.web.status.verdict import Tone

#: Seconds of a minute.
SECONDS = 60


def card(use: Use, words: Wording) -> Card:
    """Learners, and the requests of the last hour."""
    return Card("use", words.text("use.title"), list(_facts(use, words)), words.text("use.none"))


def _facts(use: Use, words: Wording) -> Iterator[Fact]:
    for name in ("now", "today", "week"):
        number = getattr(use, f"learners_{name}")
        if number is not None:
            yield Fact(words.text(f"use.{name}"), words.number(number))
    hour = use.requests
    if hour is None:
        return
    yield Fact(
        words.text("use.passed"),
        words.number(hour.passed),
        words.text("use.errors", count=words.number(hour.passed_errors)),
        _tone(hour.passed_errors),
    )
    yield Fact(
        words.text("use.kept"),
        words.number(hour.kept),
        words.text("use.errors", count=words.number(hour.kept_errors)),
        _tone(hour.kept_errors),
    )


def _tone(errors: int) -> Tone:
    return Tone.WARNING if errors else Tone.GOOD


def slow_pages(use: Use, words: Wording) -> Table:
    """The pages that took longest in the last hour."""
    return Table(
        id="slow-pages",
        title=words.text("slow.title"),
        columns=[words.text(f"slow.{each}") for each in ("page", "count", "mean", "max")],
        cells=[
            [
                Cell(page.name, language=ENGLISH),
                Cell(words.number(page.count)),
                Cell(words.text("unit.ms", count=words.number(page.mean_ms))),
                Cell(words.text("unit.ms", count=words.number(page.max_ms))),
            ]
            for page in use.slow_pages
        ],
    )


def charts(use: Use, now: dt.datetime, words: Wording) -> list[Chart]:
    """The courses of the last day; those of which nothing is known are left out."""
    passed, both, errors, learners = [], [], [], []
    for each in use.course:
        if each.kept is not None and each.passed is not None:
            passed.append((each.minute, each.passed))
            both.append((each.minute, each.kept + each.passed))
            errors.append((each.minute, (each.kept_errors or 0) + (each.passed_errors or 0)))
        if each.learners is not None:
            learners.append((each.minute, each.learners))
    courses: dict[str, dict[str, Values]] = {
        # The larger area lies behind the smaller one.
        "requests": {"all": both, "passed": passed},
        "errors": {"errors": errors},
        "learners": {"learners": learners},
    }
    return [
        _chart(name, curves, now, words) for name, curves in courses.items() if any(curves.values())
    ]


def _chart(name: str, curves: dict[str, Values], now: dt.datetime, words: Wording) -> Chart:
    values = next(iter(curves.values()))
    top = top_of(value for _, value in values)
    minute = int(now.timestamp()) // SECONDS
    return Chart(
        id=name,
        title=words.text(f"chart.{name}"),
        description=_description(values, words),
        curves=[
            Curve(each, words.text(f"curve.{each}"), area(curve, top, minute))
            for each, curve in curves.items()
        ],
        top=words.number(top),
        times=[words.time(when) for when in quarters(now)],
    )


def _description(values: Values, words: Wording) -> str:
    minute, highest = max(values, key=lambda each: each[1])
    if not highest:
        return words.text("chart.nothing")
    when = dt.datetime.fromtimestamp(minute * SECONDS, dt.timezone.utc)
    return words.text("chart.highest", count=words.number(highest), moment=words.moment(when))
