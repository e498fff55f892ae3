"""The administrator's page: its verdict, the findings that it joins, its numbers and its words."""

from __future__ import annotations

import datetime as dt
import re
import string

import pytest

from kolibri_azure_plugin.doctor.stored_reports import SINCE, StoredReport, since_when
from kolibri_azure_plugin.errors.redaction import MASK, remember
from kolibri_azure_plugin.instances.activity.minutes import DEPLOYMENT, Minute, Totals
from kolibri_azure_plugin.web.status import charts, language
from kolibri_azure_plugin.web.status.findings import find
from kolibri_azure_plugin.web.status.language import Wording
from kolibri_azure_plugin.web.status.use import Requests, merge
from kolibri_azure_plugin.web.status.verdict import Tone, Trouble, judge

NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.timezone.utc)
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
OLD = [report(outcome(BACKUPS, "warn", message="The backup is old."))]

VERDICTS = {
    "all is well": (WELL, (), "verdict.good", ""),
    "a failure": (BROKEN, (), "verdict.broken", "The share is gone."),
    "a warning": (OLD, (), "verdict.attention", "The backup is old."),
    "a failed job": (WELL, (JOB,), "verdict.attention", "A job failed."),
    "a failure and a failed job": (BROKEN, (JOB,), "verdict.broken", "The share is gone."),
    "no report": ([], (), "verdict.noReport", ""),
    "an old report": ([report(outcome(), age=86_400)], (), "verdict.late", ""),
    "an old report on the deployment": (
        [report(outcome(), age=86_400), report(outcome(), instance="first")],
        (),
        "verdict.late",
        "",
    ),
    "an old report of one instance": (
        [*WELL, report(outcome(), instance="first"), report(outcome(), instance="2", age=86_400)],
        (),
        "verdict.late",
        "",
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdict_on(case):
    reports, others, key, message = VERDICTS[case]

    verdict = judge(find(reports), others, interval=INTERVAL)

    assert verdict.key == key
    assert (verdict.first.message if verdict.first else "") == message


def test_the_verdict_counts_the_troubles_after_the_first():
    verdict = judge(find(BROKEN), [JOB, JOB], interval=INTERVAL)

    assert [each.message for each in verdict.others] == ["A job failed.", "A job failed."]


def test_a_deployment_without_rounds_says_so():
    assert judge(find([]), interval=0).key == "verdict.noRounds"
    assert judge(find([report(outcome(), age=86_400)]), interval=0).key == "verdict.good"


def test_a_deployment_that_stores_nothing_says_so():
    assert judge(find([]), interval=INTERVAL, stored=False).key == "verdict.nothingStored"


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


# ---- Words


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_each_text_is_translated_with_the_same_values():
    english, *others = (
        {key: fields(text) for key, text in language.messages(each).items()}
        for each in sorted(language.languages(), key=lambda name: name != language.ENGLISH)
    )
    assert others
    assert all(other == english for other in others)


@pytest.mark.parametrize("name", sorted(language.languages() - {language.ENGLISH}))
def test_no_text_was_left_in_english(name):
    own = language._load(name)
    assert set(own) == set(language.messages(language.ENGLISH))
    same = {key for key, text in own.items() if text == language.messages(language.ENGLISH)[key]}
    assert same == set()


def test_a_missing_translation_is_in_english(tmp_path, monkeypatch):
    (tmp_path / "en.json").write_text('{"a.b": "One", "c": "Two"}')
    (tmp_path / "sw.json").write_text('{"a.b": "Moja"}')
    monkeypatch.setattr(language, "MESSAGES", tmp_path)
    for cached in (language.messages, language._tree):
        monkeypatch.setattr(language, cached.__name__, cached.__wrapped__)

    words = Wording("sw")

    assert (words.text("a.b"), words.text("c")) == ("Moja", "Two")
    assert words.tree == {"a": {"b": "Moja"}, "c": "Two"}


def test_each_text_that_a_template_names_is_there(repository):
    folder = repository / "kolibri_azure_plugin" / "templates"
    named = {
        name
        for path in folder.rglob("*.html")
        for name in re.findall(r"words\.tree\.([\w.]+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(language.messages(language.ENGLISH))


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0.0 KiB"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB")]
)
def test_a_size_is_in_the_unit_that_fits(count, text):
    assert Wording("en").size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7199, "1 h ago"), (90_000, "1 d ago")],
)
def test_a_time_ago_is_in_its_largest_unit(seconds, text):
    assert Wording("en").ago(seconds) == text


def test_arabic_is_written_from_right_to_left():
    assert Wording("ar").direction == "rtl"
    assert Wording("en").direction == "ltr"
