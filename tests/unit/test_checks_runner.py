"""The runner: side by side, each check within its time, none without what it requires."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from kolibri_azure_plugin.checks import catalogue, runner
from kolibri_azure_plugin.checks.model import (
    Registry,
    Scope,
    Status,
    failed,
    passed,
    skipped,
    warned,
)
from kolibri_azure_plugin.errors import VaultError
from kolibri_azure_plugin.redaction import MASK, remember
from kolibri_azure_plugin.settings import APP, ZIP_CONTENT

#: The runner makes no difference between scopes.
HERE = Scope.INSTANCE

#: Seconds that are enough for everything that does not hang.
PLENTY = 20.0


@pytest.fixture
def checks():
    return Registry("test")


def run(checks, timeout=PLENTY, role=APP, deep=False, pace=runner.HURRIED):
    subject = SimpleNamespace(role=role, deep=deep)
    results = runner.run(list(checks), subject, timeout, pace=pace)
    return {result.check.id.rpartition(".")[2]: result for result in results}


def fine(_subject):
    return passed("Fine.")


def broken(_subject):
    return failed("Broken.", cause="a reason", remedy="a command")


def test_results_come_in_the_order_of_the_checks_whatever_ends_first(checks):
    first_may_end = threading.Event()

    @checks.check("first", "", scope=HERE)
    def first(_subject):
        first_may_end.wait(PLENTY)
        return passed("Late.")

    @checks.check("second", "", scope=HERE)
    def second(_subject):
        first_may_end.set()
        return passed("Early.")

    assert list(run(checks)) == ["first", "second"]


def test_checks_that_need_nothing_of_each_other_run_side_by_side(checks):
    together = threading.Barrier(5, timeout=PLENTY)
    for name in "abcde":
        checks.check(name, "", scope=HERE)(lambda _subject: passed(str(together.wait())))
    assert {r.outcome.status for r in run(checks).values()} == {Status.PASS}


def test_without_hurry_one_check_runs_after_the_other(checks):
    running, seen = [], []

    def look_around(_subject):
        running.append(None)
        seen.append(len(running))
        time.sleep(0.02)
        running.pop()
        return passed("Alone.")

    for name in "abcde":
        checks.check(name, "", scope=HERE, after=("test.e",) if name == "a" else ())(look_around)
    results = run(checks, pace=runner.UNHURRIED)
    assert {result.outcome.status for result in results.values()} == {Status.PASS}
    assert seen == [1] * 5


def test_without_hurry_a_check_gets_more_time(checks):
    checks.check("slow", "", scope=HERE, timeout=0.1)(lambda _subject: passed(str(time.sleep(0.3))))
    assert run(checks)["slow"].outcome.status is Status.FAIL
    patient = runner.Pace(at_once=1, patience=100)
    assert run(checks, pace=patient)["slow"].outcome.status is Status.PASS


def test_a_check_that_raises_is_a_failure_with_the_reason_and_no_secret(checks):
    remember("a-well-known-secret")

    @checks.check("raises", "", scope=HERE)
    def raises(_subject):
        raise RuntimeError("with a-well-known-secret in it")

    outcome = run(checks)["raises"].outcome
    assert outcome.status is Status.FAIL
    assert outcome.cause == f"RuntimeError: with {MASK} in it"
    assert outcome.remedy


def test_a_check_that_ends_the_process_is_a_failure(checks):
    @checks.check("exits", "", scope=HERE)
    def exits(_subject):
        raise SystemExit(3)

    assert run(checks)["exits"].outcome.status is Status.FAIL


def test_one_of_our_errors_is_a_failure_with_its_remedy_and_code(checks, monkeypatch):
    monkeypatch.setenv("WEBSITE_RESOURCE_GROUP", "school")

    @checks.check("raises", "", scope=HERE)
    def raises(_subject):
        raise VaultError("No.", expected="yes", found="no", remedy="az -g GROUP", code="a-code")

    outcome = run(checks)["raises"].outcome
    assert (outcome.message, outcome.cause) == ("No.", "no; expected yes")
    assert outcome.remedy == "az -g school"
    assert outcome.measurements == {"error": "a-code"}


def test_a_check_that_hangs_is_reported_after_its_own_time(checks):
    release = threading.Event()

    @checks.check("hangs", "", scope=HERE, timeout=0.1)
    def hangs(_subject):
        release.wait(PLENTY)
        return passed("Too late.")

    checks.check("other", "", scope=HERE)(fine)
    results = run(checks)
    release.set()
    assert results["hangs"].outcome.status is Status.FAIL
    assert "No answer" in results["hangs"].outcome.message
    assert "--only azure.test.hangs" in results["hangs"].outcome.remedy
    assert results["other"].outcome.status is Status.PASS


def test_a_check_that_looks_at_everything_may_have_a_time_of_its_own(checks):
    checks.check("files", "", scope=HERE, timeout=1, deep_timeout=9)(fine)
    checks.check("other", "", scope=HERE, timeout=1)(fine)
    limits = [[check.limit(deep=deep) for deep in (False, True)] for check in checks]
    assert limits == [[1, 9], [1, 1]]


def test_the_whole_run_ends_in_time(checks):
    release = threading.Event()
    for name in "ab":
        checks.check(name, "", scope=HERE, timeout=60)(
            lambda _subject: passed(str(release.wait(PLENTY)))
        )
    checks.check("c", "", scope=HERE, after=("test.a",))(fine)
    begun = time.monotonic()
    results = run(checks, timeout=0.3)
    took = time.monotonic() - begun
    release.set()
    assert took < PLENTY / 2
    assert [r.outcome.status for r in results.values()] == [Status.FAIL, Status.FAIL, Status.SKIP]


def test_what_needs_a_failed_check_is_skipped_for_it_and_for_no_other(checks):
    checks.check("broken", "", scope=HERE)(broken)
    checks.check("next", "", scope=HERE, requires=("test.broken",))(fine)
    checks.check("one_more", "", scope=HERE, requires=("test.next",))(fine)
    results = run(checks)
    for name in ("next", "one_more"):
        assert results[name].outcome.status is Status.SKIP
        assert results[name].outcome.message == "needs azure.test.broken"


def test_what_requires_a_check_that_does_not_apply_does_not_apply_either(checks):
    checks.check("absent", "", scope=HERE)(lambda _subject: skipped("there is none"))
    checks.check("part", "", scope=HERE, requires=("test.absent",))(fine)
    checks.check("later", "", scope=HERE, after=("test.absent",))(fine)
    results = run(checks)
    assert results["part"].outcome.message == "does not apply, as azure.test.absent does not"
    assert not results["part"].outcome.blocked_by
    assert results["later"].outcome.status is Status.PASS


def test_a_warning_stops_nothing(checks):
    checks.check("near", "", scope=HERE)(lambda _subject: warned("Near.", cause="c", remedy="r"))
    checks.check("next", "", scope=HERE, requires=("test.near",))(fine)
    assert run(checks)["next"].outcome.status is Status.PASS


def test_an_advisory_check_never_fails(checks):
    checks.check("advice", "", scope=HERE, advisory=True)(broken)
    assert run(checks)["advice"].outcome.status is Status.WARN


def test_a_check_is_begun_only_after_those_it_comes_after(checks):
    order = []
    for name, earlier in (("a", ()), ("b", ("test.a",)), ("c", ("test.b",))):
        checks.check(name, "", scope=HERE, after=earlier)(
            lambda _subject, name=name: order.append(name) or passed("")
        )
    run(checks)
    assert order == ["a", "b", "c"]


def test_progress_hears_of_every_result(checks):
    heard = []
    for name in "abc":
        checks.check(name, "", scope=HERE)(fine)
    runner.run(list(checks), SimpleNamespace(role=APP, deep=False), PLENTY, heard.append)
    assert {result.check.id for result in heard} == {f"azure.test.{name}" for name in "abc"}


def test_only_takes_what_is_required_with_it():
    chosen = [check.id for check in catalogue.select(["azure.database.port"], [])]
    assert chosen[-1] == "azure.kolibri.settings"
    assert "azure.database.port" in chosen
    assert "azure.database.name" in chosen
    assert "azure.database.tls" not in chosen


def test_only_takes_categories():
    chosen = {check.category for check in catalogue.select(["platform"], [])}
    assert chosen >= {"platform"}
    assert "content" not in chosen


def test_skip_leaves_out_and_what_needs_it_takes_it_for_granted(checks):
    chosen = {check.id for check in catalogue.select([], ["content", "azure.vault.expiry"])}
    assert "azure.vault.expiry" not in chosen
    assert not any(name.startswith("azure.content.") for name in chosen)
    assert "azure.kolibri.start" in chosen
    checks.check("broken", "", scope=HERE)(broken)
    checks.check("next", "", scope=HERE, requires=("test.broken",))(fine)
    only_next = [check for check in checks if check.id.endswith("next")]
    assert run(only_next)["next"].outcome.status is Status.PASS


def test_a_check_runs_only_in_the_roles_that_it_is_for(checks):
    checks.check("everywhere", "", scope=HERE, roles=(APP, ZIP_CONTENT))(fine)
    checks.check("database", "", scope=HERE)(broken)
    checks.check("rows", "", scope=HERE, requires=("test.database",))(broken)
    results = run(checks, role=ZIP_CONTENT)
    assert results["everywhere"].outcome.status is Status.PASS
    assert results["database"].outcome.does_not_apply
    assert results["rows"].outcome.does_not_apply
