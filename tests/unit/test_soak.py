"""The soak fails for the intended reasons, and continues after an interruption."""

from __future__ import annotations

import pytest

from bench.soak import report, sizes
from bench.soak.progress import Progress

GOALS = {"requests": 1000, "syncs": 10, "jobs": 100}


def measured(before, after, tables=None):
    run = {
        "minutes": 1,
        "done": {"requests": 1},
        "failures": [],
        "processes": {"first: worker": [before, after]},
    }
    grown = tables or {}
    return {
        "runs": [run],
        "before": {name: [old, 1] for name, (old, _) in grown.items()},
        "after": {name: [new, 1] for name, (_, new) in grown.items()},
    }


@pytest.mark.parametrize("after", [(129, 100), (100, 129)])
def test_a_process_may_grow_by_less_than_a_third(after):
    assert report.faults(measured((100, 100), after)) == []


@pytest.mark.parametrize(
    ("after", "what"),
    [((131, 100), "first: worker is"), ((100, 131), "all processes together are")],
)
def test_a_process_that_has_grown_more_is_a_fault(after, what):
    [fault] = report.faults(measured((100, 100), after))

    assert fault == f"{what} 1.31 times as large as after the warm-up"


def test_a_table_of_finished_work_that_has_grown_is_a_fault():
    tables = {"jobs": (5, 5000), "morango_buffer": (0, 40), "logger_attemptlog": (0, 90_000)}

    [fault] = report.faults(measured((1, 1), (1, 1), tables))

    assert fault == "table jobs has grown from 5 to 5,000 rows"


@pytest.mark.parametrize("table", ["morango_recordmaxcounterbuffer", "kolibriauth_session"])
def test_tables_that_only_resemble_a_schools_data_may_not_grow(table):
    assert not sizes.is_user_data(table)


@pytest.mark.parametrize("table", ["morango_recordmaxcounter", "kolibriauth_facilityuser"])
def test_a_schools_data_may_grow(table):
    assert sizes.is_user_data(table)


def test_the_work_goes_on_where_it_was(tmp_path):
    first = Progress(tmp_path / "progress.json", GOALS)
    first.add("requests", 600)
    first.save()

    again = Progress(tmp_path / "progress.json", GOALS)

    assert again.done == {"requests": 600, "syncs": 0, "jobs": 0}
    assert not again.complete


def test_no_kind_of_work_runs_ahead_of_the_others(tmp_path):
    progress = Progress(tmp_path / "progress.json", GOALS)
    progress.add("jobs", 50)
    assert progress.is_ahead("jobs")

    progress.add("requests", 500)
    progress.add("syncs", 5)

    assert not progress.is_ahead("jobs")
