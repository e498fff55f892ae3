"""The numbers of the administrator's page: requests, learners and slow pages, and their charts."""

from __future__ import annotations

import datetime as dt

import pytest

from kolibri_azure_plugin.instances.activity.minutes import DEPLOYMENT, Minute, Totals
from kolibri_azure_plugin.web.status import charts
from kolibri_azure_plugin.web.status.use import Requests, merge

NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.timezone.utc)


# ---- Use


def counted(source="first", minutes_ago=5, pages=None, **numbers):
    value = {"kept": 1, "kept_errors": 0, "passed": 2, "passed_errors": 0, "pages": pages or {}}
    return Minute(NOW - dt.timedelta(minutes=minutes_ago), source, {**value, **numbers})


def sampled(minutes_ago=1, **numbers):
    return Minute(NOW - dt.timedelta(minutes=minutes_ago), DEPLOYMENT, numbers)


COURSE = [Totals(29_741_700, 1, 0, 2, 0, 3)]


def test_the_requests_of_all_instances_are_added_up():
    use = merge(COURSE, [counted(), counted("second", passed=5, passed_errors=1)], NOW)

    assert use.requests == Requests(kept=2, kept_errors=0, passed=7, passed_errors=1)


def test_without_a_count_there_are_no_requests_rather_than_none_at_all():
    assert merge([Totals(29_741_700, None, None, None, None, 3)], [], NOW).requests is None


def test_the_slowest_pages_are_those_with_the_longest_mean():
    one = {"GET /a/": [10, 100.0, 90.0], "GET /b/": [1, 40.0, 40.0], "GET /c/": [1, 5.0, 5.0]}
    other = {"GET /b/": [1, 20.0, 20.0], "GET /d/": [2, 60.0, 50.0], "GET /e/": [0, 0.0, 0.0]}

    pages = merge(COURSE, [counted(pages=one), counted("second", pages=other)], NOW).slow_pages

    assert [(each.name, each.count, each.mean_ms, each.max_ms) for each in pages] == [
        ("GET /b/", 2, 30.0, 40.0),
        ("GET /d/", 2, 30.0, 50.0),
        ("GET /a/", 10, 10.0, 90.0),
    ]


def test_learners_are_those_of_the_newest_sample():
    use = merge(COURSE, [sampled(9, learners_now=4), sampled(1, learners_now=7)], NOW)

    assert use.learners_now == 7


def test_an_old_sample_is_not_about_now():
    assert merge(COURSE, [sampled(30, learners_now=4)], NOW).learners_now is None


# ---- Charts


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (58, 100), (100, 100), (520, 1000)]
)
def test_an_axis_ends_with_a_round_number(highest, top):
    assert charts.top_of([0, highest]) == top


def test_a_chart_without_values_has_an_axis():
    assert charts.top_of([]) == 1


def test_an_area_has_a_step_for_each_minute_in_which_the_value_changes():
    values = [(97, 5), (98, 5), (99, 10), (100, 0)]

    assert charts.area(values, top=10, now=100) == "M1436 100V50H1438V0H1439V100H1440V100Z"


def test_an_area_has_gaps_where_there_is_no_value():
    assert charts.area([(98, 10), (100, 10)], top=10, now=100) == (
        "M1437 100V0H1438V100ZM1439 100V0H1440V100Z"
    )


def test_an_area_contains_the_last_day_only():
    values = [(0, 10), (charts.MINUTES, 10), (charts.MINUTES + 1, 10)]

    assert charts.area(values, top=10, now=charts.MINUTES) == "M1439 100V0H1440V100Z"
