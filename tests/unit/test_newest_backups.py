"""The newest backup and the newest verified one, as the doctor measures and the page shows them."""

from __future__ import annotations

import datetime as dt
import types

import pytest

from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.doctor.checks import backups
from kolibri_azure_plugin.doctor.stored_reports import StoredReport
from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.facility_data.backups.manifest import format_time, now
from kolibri_azure_plugin.web.status import measured
from kolibri_azure_plugin.web.status.findings import find
from kolibri_azure_plugin.web.status.language import Wording
from tests.integration.planted_backups import plant


class StateOfTests(dict):
    """The table of shared values."""

    set = dict.__setitem__


@pytest.fixture
def state(monkeypatch):
    state = StateOfTests()
    monkeypatch.setattr(backups, "State", lambda _session: state)
    return state


@pytest.fixture
def ctx(tmp_path, monkeypatch, state):
    """A deployment that wants nightly backups."""
    monkeypatch.setattr(backups.folder, "require_folder", lambda _deployment: str(tmp_path))
    settings = types.SimpleNamespace(backup_folder=str(tmp_path), backup_keep=7)
    context = types.SimpleNamespace(settings=settings, deployment=None)
    return types.SimpleNamespace(context=context, session=None)


def entry(outcome):
    return {
        "id": backups.ID, "category": "kolibri", "description": "", "docs": "",
        "status": outcome.status.value, "message": outcome.message, "cause": outcome.cause,
        "remedy": outcome.remedy, "measurements": dict(outcome.measurements),
    }  # fmt: skip


def report(outcome, hours_ago=0):
    """The document of a round."""
    time = format_time(now() - dt.timedelta(hours=hours_ago))
    return {"scope": "deployment", "instance": "one", "time": time, "checks": [entry(outcome)]}


def shown(outcome):
    """The labels and values of the page's card."""
    findings = find([StoredReport(report(outcome), 60.0)])
    use = types.SimpleNamespace(database_bytes=None, connections=None)
    cards = {each.id: each for each in measured.cards(findings, use, Wording("en"))}
    return {fact.label: fact.value for fact in cards["backup"].facts}


def test_a_backup_that_could_not_be_verified_is_not_shown_as_verified(tmp_path, ctx):
    plant(tmp_path, hours=26)
    plant(tmp_path, hours=2, verified=False)
    outcome = backups.backups(ctx)
    assert outcome.measurements["newest_age_h"] == 2
    assert outcome.measurements["newest_verified"] is False
    assert outcome.measurements["age_h"] == 26
    assert shown(outcome) == {
        "Newest backup": "2 h ago",
        "Verified": "No",
        "Newest verified backup": "1 d ago",
        "Backups in the folder": "2",
    }


def test_the_newest_backup_is_the_newest_verified_one_after_a_good_night(tmp_path, ctx):
    plant(tmp_path, hours=9)
    assert shown(backups.backups(ctx)) == {
        "Newest backup": "9 h ago",
        "Verified": "Yes",
        "Newest verified backup": "9 h ago",
        "Backups in the folder": "1",
    }


def test_without_a_verified_backup_the_page_says_so(tmp_path, ctx):
    plant(tmp_path, hours=1, verified=False)
    assert shown(backups.backups(ctx)) == {
        "Newest backup": "1 h ago",
        "Verified": "No",
        "Newest verified backup": "There is no verified backup of the database.",
        "Backups in the folder": "1",
    }


def test_a_file_that_can_not_be_used_is_not_the_newest_backup(tmp_path, ctx):
    plant(tmp_path, hours=9)
    plant(tmp_path, hours=1).write_bytes(b"half")
    assert backups.backups(ctx).measurements["newest_age_h"] == 9


def test_a_deployment_without_a_verified_backup_knows_for_how_long(ctx, state):
    first = backups.backups(ctx)
    assert first.status.value == "warn"
    assert first.measurements["awaited_h"] == 0
    for hours_ago in (40, 20):
        stored_reports.keep(state, report(first, hours_ago))
    assert backups.backups(ctx).measurements["awaited_h"] == 40


def test_a_database_that_does_not_answer_keeps_nothing_from_being_said(ctx, monkeypatch):
    def fail(_session):
        raise DatabaseError("No answer.", expected="", found="", remedy="", code="database-silent")

    monkeypatch.setattr(backups, "State", fail)
    assert backups.backups(ctx).measurements["awaited_h"] == 0
