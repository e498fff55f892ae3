"""The verdict of the administrator's page, and the findings that it joins."""

from __future__ import annotations

import datetime as dt

import pytest

from kolibri_azure_plugin.doctor.stored_reports import SINCE, StoredReport, since_when
from kolibri_azure_plugin.errors.redaction import MASK, remember
from kolibri_azure_plugin.web.status.findings import find
from kolibri_azure_plugin.web.status.language import Wording
from kolibri_azure_plugin.web.status.verdict import Tone, Trouble, judge

EARLIER, TIME = "2026-11-30T09:00:00Z", "2026-11-30T12:00:00Z"

INTERVAL = 900.0

MOUNT, BACKUPS = "azure.content.mount", "azure.kolibri.backups"


def outcome(check=MOUNT, status="pass", message="All is there.", **more):
    entry = {
        "id": check,
        "category": check.split(".")[1],
        "description": "What is right.",
        "status": status,
        "message": message,
        "cause": "",
        "remedy": "",
        "docs": "https://example.org/",
        "measurements": {},
    }
    return {**entry, **more}


def report(*checks, instance="", age=60.0, since=None):
    """A stored report: of an instance, or of the deployment."""
    document = {
        "scope": "instance" if instance else "deployment",
        "instance": instance or "first",
        "time": TIME,
        "checks": list(checks),
        SINCE: since or {},
    }
    return StoredReport(document, age)


# ---- Since when


def test_a_check_keeps_the_time_since_when_its_status_is_the_same():
    before = {"checks": [outcome(status="fail")], SINCE: {MOUNT: EARLIER}}
    now = {"checks": [outcome(status="fail", message="Worse.")], "time": TIME}

    assert since_when(now, before) == {MOUNT: EARLIER}


def test_another_status_begins_now():
    before = {"checks": [outcome(status="pass")], SINCE: {MOUNT: EARLIER}}
    now = {"checks": [outcome(status="fail")], "time": TIME}

    assert since_when(now, before) == {MOUNT: TIME}


@pytest.mark.parametrize("before", [{}, {"checks": [outcome()]}], ids=["none", "without times"])
def test_a_first_report_begins_now(before):
    assert since_when({"checks": [outcome()], "time": TIME}, before) == {MOUNT: TIME}


# ---- Findings


def test_instances_with_the_same_outcome_share_one_finding():
    found = find(
        [
            report(outcome(status="fail"), instance="first", since={MOUNT: TIME}),
            report(outcome(status="fail"), instance="second", since={MOUNT: EARLIER}),
        ]
    )

    [finding] = found.problems
    assert finding.instances == ("first", "second")
    assert finding.since == dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.timezone.utc)


def test_instances_with_different_outcomes_have_their_own():
    found = find(
        [
            report(outcome(), instance="first"),
            report(outcome(status="fail", message="Gone."), instance="second"),
        ]
    )

    assert [(each.status, each.instances) for each in found.of("content.mount")] == [
        ("pass", ("first",)),
        ("fail", ("second",)),
    ]


def test_only_reports_of_running_instances_and_that_on_the_deployment_say_something_about_now():
    reports = [
        report(outcome(), instance="first"),
        report(outcome(status="fail"), instance="forgotten", age=90_000),
        report(outcome(BACKUPS, "warn")),
    ]

    found = find(reports, {"first"})

    assert [each.id for each in found.problems] == [BACKUPS]
    assert found.age == 60


def test_where_no_instance_is_known_to_run_all_reports_count():
    reports = [report(outcome(status="fail"), instance="first"), report(outcome(BACKUPS, "warn"))]

    assert len(find(reports).problems) == 2


def test_failures_come_before_warnings():
    found = find([report(outcome(BACKUPS, "warn"), outcome(MOUNT, "fail"))])

    assert [each.id for each in found.problems] == [MOUNT, BACKUPS]


def test_a_finding_shows_no_secret():
    remember("a-secret-of-the-test")

    [finding] = find([report(outcome(message="Found a-secret-of-the-test."))]).all

    assert finding.message == f"Found {MASK}."


# ---- The verdict


JOB = Trouble(Tone.WARNING, "A job failed.")

WELL = [report(outcome())]
BROKEN = [report(outcome(status="fail", message="The share is gone."))]
BROKEN_THEN = [report(outcome(status="fail", message="The share was gone."), age=86_400)]
LATE = "The oldest report came 1 d ago. Its findings may be out of date."
OLD = [report(outcome(BACKUPS, "warn", message="The backup is old."))]

VERDICTS = {
    "all is well": (WELL, (), "verdict.good", ""),
    "a failure": (BROKEN, (), "verdict.broken", "The share is gone."),
    "a warning": (OLD, (), "verdict.attention", "The backup is old."),
    "a failed job": (WELL, (JOB,), "verdict.attention", "A job failed."),
    "a failure and a failed job": (BROKEN, (JOB,), "verdict.broken", "The share is gone."),
    "no report": ([], (), "verdict.noReport", ""),
    "an old report": ([report(outcome(), age=86_400)], (), "verdict.late", LATE),
    "an old report and a failed job": (
        [report(outcome(), age=86_400)],
        (JOB,),
        "verdict.late",
        LATE,
    ),
    "an old report of a failure": (BROKEN_THEN, (JOB,), "verdict.late", LATE),
    "an old report of one instance, and a failure now": (
        [*BROKEN, report(outcome(), instance="2", age=86_400)],
        (),
        "verdict.broken",
        "The share is gone.",
    ),
    "an old report on the deployment": (
        [report(outcome(), age=86_400), report(outcome(), instance="first")],
        (),
        "verdict.late",
        LATE,
    ),
    "an old report of one instance": (
        [*WELL, report(outcome(), instance="first"), report(outcome(), instance="2", age=86_400)],
        (),
        "verdict.late",
        LATE,
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdict_on(case):
    reports, others, key, message = VERDICTS[case]

    verdict = judge(find(reports), others, Wording("en"), interval=INTERVAL)

    assert verdict.key == key
    assert (verdict.first.message if verdict.first else "") == message


def test_the_verdict_counts_the_troubles_after_the_first():
    verdict = judge(find(BROKEN), [JOB, JOB], Wording("en"), interval=INTERVAL)

    assert [each.message for each in verdict.others] == ["A job failed.", "A job failed."]


def test_what_an_old_report_says_comes_last_and_is_as_bad_as_before():
    verdict = judge(find(BROKEN_THEN), [JOB], Wording("en"), interval=INTERVAL)

    assert [each.message for each in verdict.others] == ["A job failed.", "The share was gone."]
    assert verdict.tone is Tone.BAD
    assert verdict.first.remedy == "Restart the app, and look for the doctor in its log."


def test_a_failure_that_one_instance_still_reports_is_not_old():
    on_both = [
        report(outcome(status="fail", message="Gone."), instance="first"),
        report(outcome(status="fail", message="Gone."), instance="second", age=86_400),
    ]

    verdict = judge(find(on_both), [], Wording("en"), interval=INTERVAL)

    assert (verdict.key, verdict.first.message) == ("verdict.broken", "Gone.")
    assert [each.message for each in verdict.others] == [LATE]


def test_a_deployment_without_rounds_says_so():
    old = find([report(outcome(), age=86_400)])

    assert judge(find([]), [], Wording("en"), interval=0).key == "verdict.noRounds"
    assert judge(old, [], Wording("en"), interval=0).key == "verdict.good"


def test_a_deployment_that_stores_nothing_says_so():
    verdict = judge(find([]), [], Wording("en"), interval=INTERVAL, stored=False)

    assert verdict.key == "verdict.nothingStored"
