"""Stored reports: one instance at a time examines the deployment, and the others know of it."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.doctor import stored_reports

from .doctor_rounds import DAY

pytestmark = pytest.mark.slow


def test_a_second_request_right_away_is_refused(pair):
    assert pair.ask()
    assert not pair.ask()


def test_one_of_all_instances_takes_the_turn_once_an_interval(pair):
    with pair.state() as one, pair.state() as other:
        taken = [
            stored_reports.take_turn(state, name, DAY)
            for name, state in (("first", one), ("second", other), ("first", one))
        ]
        assert taken == [True, False, False]
        assert stored_reports.take_turn(other, "second", 0)
        assert not stored_reports.take_turn(one, "first", DAY)
        stored_reports.ask(one)
        assert stored_reports.take_turn(one, "first", DAY)
        assert not stored_reports.take_turn(other, "second", DAY)


def test_a_turn_that_is_given_back_is_another_instances_at_once(pair):
    with pair.state() as one, pair.state() as other:
        assert stored_reports.take_turn(one, "first", DAY)
        stored_reports.give_turn_back(other, "second")
        assert not stored_reports.take_turn(other, "second", DAY), "only its holder gives it back"
        stored_reports.give_turn_back(one, "first")
        assert stored_reports.take_turn(other, "second", DAY)
        assert not stored_reports.take_turn(one, "first", DAY)


def test_the_reports_of_instances_that_are_gone_are_forgotten(pair):
    empty = {"time": "2026-11-30T12:00:00Z", "checks": []}
    with pair.state() as state:
        for name in ("gone", "here"):
            stored_reports.keep(state, {"scope": "instance", "instance": name, **empty})
        stored_reports.keep(state, {"scope": "deployment", "instance": "gone", **empty})
        state.rows(
            "UPDATE kolibri_azure_state SET updated_at = updated_at - interval '25 hours'"
            " WHERE NOT starts_with(key, 'doctor_report:instance:here') RETURNING key"
        )
        stored_reports.forget_instances(state, 900)
        kept = stored_reports.read(state)
    assert [(each.document["scope"], each.document["instance"]) for each in kept] == [
        ("deployment", "gone"),
        ("instance", "here"),
    ]
    assert kept[0].age > DAY > kept[1].age
