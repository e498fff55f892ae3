"""Reports of progress are written together, exactly as stock Kolibri writes them one by one."""

from __future__ import annotations

import json

import pytest

from .inside_kolibri import answers_of

pytestmark = pytest.mark.slow

LOGS = ("ContentSessionLog", "ContentSummaryLog", "MasteryLog", "AttemptLog")


@pytest.fixture(scope="module")
def found(copied):
    """What came of the reports, by who made them."""
    return answers_of(copied, "from tests.integration.report_progress import report; report()")


@pytest.mark.parametrize("who", ["learner", "visitor"])
def test_kolibri_answers_as_it_always_did(who, found):
    assert found[f"{who}, plugin"]["answers"] == found[f"{who}, stock"]["answers"]


def test_the_reports_are_of_every_kind(found):
    statuses = {status for status, *_ in found["learner, stock"]["answers"]}
    assert statuses == {200, 400, 403, 404}


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("who", ["learner", "visitor"])
def test_the_same_rows_are_written(who, log, found):
    plugin, stock = (found[f"{who}, {side}"]["rows"][log] for side in ("plugin", "stock"))
    assert plugin == stock
    assert stock or (who, log) in {("visitor", "ContentSummaryLog"), ("visitor", "MasteryLog")}


@pytest.mark.parametrize("log", LOGS)
def test_what_has_changed_is_marked_for_the_next_sync(log, found):
    rows = [json.loads(row) for row in found["learner, plugin"]["rows"][log]]
    assert any(row["_morango_dirty_bit"] for row in rows)


@pytest.mark.parametrize("who", ["learner", "visitor"])
def test_coaches_are_told_the_same(who, found):
    assert found[f"{who}, plugin"]["told"] == found[f"{who}, stock"]["told"]
    assert found["learner, stock"]["told"]


def test_time_that_has_passed_is_written_by_one_statement(found):
    assert found["writes"] == 1
