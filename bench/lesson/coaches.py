"""The row of coaches who open a class and keep its page open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from bench.lesson.learners import Pupil, lines
from bench.lesson.mix import CLASS_PAGE
from bench.lesson.school import COACHES, PASSWORD
from bench.performance import rows
from bench.performance.comparison import Place
from bench.performance.figures import any_errors, p95, rate
from bench.performance.learners import sign_in
from bench.performance.load import Load, all_at_once
from bench.performance.pair import Pair, Running, medians
from bench.performance.rows import Row


def class_page(pair: Pair[Pupil], _place: Place) -> Iterator[Row]:
    """All coaches at the page of the same class, in which the learners have worked."""
    coaches = pair.once(lambda one: sign_in(one.url, COACHES, PASSWORD))
    after = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def look(one: Running[Pupil]) -> Load:
        names = {"classroom": one.learners[0].names["classroom"], "after": after}
        signed_in = coaches[one.side.name]
        visitors = [lines(CLASS_PAGE, names, each.cookie_header) for each in signed_in]
        return all_at_once(one.url, visitors, pair.seconds)

    loads = pair.alternately(look)
    work = f"coach's class page and notifications, {len(COACHES)} connections: requests/s"
    yield rows.times(work, medians(loads, rate), 3)
    yield rows.note("the same: p95, ms", medians(loads, p95))
    yield from any_errors(loads)
