"""The runner: checks run in parallel, each within its timeout, after those that it requires."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from kolibri_azure_plugin.configuration.settings import APP, ZIP_CONTENT
from kolibri_azure_plugin.doctor import arguments, catalogue, runner
from kolibri_azure_plugin.doctor.__main__ import pace_of
from kolibri_azure_plugin.doctor.outcome import Status, failed, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors import VaultError
from kolibri_azure_plugin.errors.redaction import MASK, remember

#: The runner treats all scopes alike.
HERE = Scope.INSTANCE

#: Enough seconds for everything that does not hang.
PLENTY = 20.0


@pytest.fixture
def checks():
    return Registry("test")


def run(checks, timeout=PLENTY, role=APP, deep=False, pace=runner.INTERACTIVE):
    subject = SimpleNamespace(role=role, deep=deep)
    results = runner.run(list(checks), subject, timeout, pace=pace)
    return {result.check.id.rpartition(".")[2]: result for result in results}


def fine(_ctx):
    return passed("Fine.")


def broken(_ctx):
    return failed("Broken.", cause="a reason", remedy="a command")


def test_results_come_in_the_order_of_the_checks_whatever_ends_first(checks):
    first_may_end = threading.Event()

    @checks.check("first", "", scope=HERE)
    def first(_ctx):
        first_may_end.wait(PLENTY)
        return passed("Late.")

    @checks.check("second", "", scope=HERE)
    def second(_ctx):
        first_may_end.set()
        return passed("Early.")

    assert list(run(checks)) == ["first", "second"]


def test_checks_that_need_nothing_of_each_other_run_side_by_side(checks):
    together = threading.Barrier(5, timeout=PLENTY)
    for name in "abcde":
        checks.check(name, "", scope=HERE)(lambda _ctx: passed(str(together.wait())))
    assert {r.outcome.status for r in run(checks).values()} == {Status.PASS}


def test_without_hurry_one_check_runs_after_the_other(checks):
    two_at_once = threading.Barrier(2)
    alone = []

    def wait_for_another(_ctx):
        try:
            two_at_once.wait(0.2)
        except threading.BrokenBarrierError:
            two_at_once.reset()
            alone.append(None)
        return passed("")

    for name in "abcde":
        checks.check(name, "", scope=HERE, after=("test.e",) if name == "a" else ())(
            wait_for_another
        )
    results = run(checks, pace=runner.BACKGROUND)
    assert {result.outcome.status for result in results.values()} == {Status.PASS}
    assert len(alone) == 5


def test_without_hurry_a_check_gets_more_time(checks):
    checks.check("slow", "", scope=HERE, timeout=0.1)(lambda _ctx: passed(str(time.sleep(0.3))))
    assert run(checks)["slow"].outcome.status is Status.FAIL
    patient = runner.Pace(max_parallel=1, timeout_factor=100)
    assert run(checks, pace=patient)["slow"].outcome.status is Status.PASS


def test_whoever_names_a_timeout_gives_each_check_that_much_time(checks):
    checks.check("slow", "", scope=HERE, timeout=0.1)(lambda _ctx: passed(str(time.sleep(0.3))))
    words = ["--timeout", str(PLENTY)]
    for more in ([], ["--unhurried"]):
        pace = pace_of(arguments.parser().parse_args([*words, *more]))
        assert run(checks, pace=pace)["slow"].outcome.status is Status.PASS


def test_a_timeout_takes_no_time_from_a_check(checks):
    checks.check("slow", "", scope=HERE, timeout=9)(fine)
    [slow] = checks
    for words, seconds in (([], 9), (["--timeout", "2"], 9), (["--timeout", "20"], 20)):
        pace = pace_of(arguments.parser().parse_args(words))
        assert pace.limit(slow, deep=False) == seconds


@pytest.mark.parametrize(("limit", "seconds"), [(12, 60), (100, 200)])
def test_the_remedy_for_a_check_that_hangs_gives_it_more_time(checks, limit, seconds):
    release = threading.Event()
    checks.check("hangs", "", scope=HERE, timeout=limit)(
        lambda _: passed(str(release.wait(PLENTY)))
    )
    outcome = run(checks, timeout=0.1)["hangs"].outcome
    release.set()
    assert outcome.remedy.endswith(f"azure_check --only azure.test.hangs --timeout {seconds}")


def test_a_check_that_raises_is_a_failure_with_the_reason_and_no_secret(checks):
    remember("a-well-known-secret")

    @checks.check("raises", "", scope=HERE)
    def raises(_ctx):
        raise RuntimeError("with a-well-known-secret in it")

    outcome = run(checks)["raises"].outcome
    assert outcome.status is Status.FAIL
    assert outcome.cause == f"RuntimeError: with {MASK} in it"
    assert outcome.remedy


def test_a_check_that_ends_the_process_is_a_failure(checks):
    @checks.check("exits", "", scope=HERE)
    def exits(_ctx):
        raise SystemExit(3)

    assert run(checks)["exits"].outcome.status is Status.FAIL


def test_one_of_our_errors_is_a_failure_with_its_remedy_and_code(checks, monkeypatch):
    monkeypatch.setenv("WEBSITE_RESOURCE_GROUP", "school")

    @checks.check("raises", "", scope=HERE)
    def raises(_ctx):
        raise VaultError("No.", expected="yes", found="no", remedy="az -g GROUP", code="a-code")

    outcome = run(checks)["raises"].outcome
    assert (outcome.message, outcome.cause) == ("No.", "no; expected yes")
    assert outcome.remedy == "az -g school"
    assert outcome.measurements == {"error": "a-code"}


def test_a_check_that_hangs_is_reported_after_its_own_time(checks):
    release = threading.Event()

    @checks.check("hangs", "", scope=HERE, timeout=0.1)
    def hangs(_ctx):
        release.wait(PLENTY)
        return passed("Too late.")

    checks.check("other", "", scope=HERE)(fine)
    results = run(checks)
    release.set()
    assert results["hangs"].outcome.status is Status.FAIL
    assert "No answer" in results["hangs"].outcome.message
    assert "--only azure.test.hangs" in results["hangs"].outcome.remedy
    assert results["other"].outcome.status is Status.PASS


def test_a_check_that_looks_at_everything_may_have_its_own_timeout(checks):
    checks.check("files", "", scope=HERE, timeout=1, deep_timeout=9)(fine)
    checks.check("other", "", scope=HERE, timeout=1)(fine)
    limits = [[check.limit(deep=deep) for deep in (False, True)] for check in checks]
    assert limits == [[1, 9], [1, 1]]


def test_the_whole_run_ends_in_time(checks):
    release = threading.Event()
    for name in "ab":
        checks.check(name, "", scope=HERE, timeout=60)(
            lambda _ctx: passed(str(release.wait(PLENTY)))
        )
    checks.check("c", "", scope=HERE, after=("test.a",))(fine)
    begun = time.monotonic()
    results = run(checks, timeout=0.3)
    took = time.monotonic() - begun
    release.set()
    assert took < PLENTY / 2
    assert [r.outcome.status for r in results.values()] == [Status.FAIL, Status.FAIL, Status.SKIP]


def test_checks_that_wait_when_the_time_is_over_are_skipped_and_say_how_to_get_more(checks):
    release = threading.Event()

    @checks.check("slow", "", scope=HERE)
    def slow(_ctx):
        release.wait(PLENTY)
        return passed("Too late.")

    checks.check("next", "", scope=HERE)(fine)
    checks.check("one_more", "", scope=HERE, requires=("test.next",))(fine)
    results = run(checks, timeout=0.2, pace=runner.BACKGROUND)
    release.set()
    assert results["slow"].outcome.status is Status.FAIL
    assert "the time for all checks was over" in results["slow"].outcome.cause
    for name in ("next", "one_more"):
        assert results[name].outcome == skipped(
            "not examined, because the 0.2 s for all checks were over; "
            "for more, run: kolibri manage azure_check --timeout 0.4"
        )


def test_a_check_that_needs_a_failed_check_is_skipped_and_names_it(checks):
    checks.check("broken", "", scope=HERE)(broken)
    checks.check("next", "", scope=HERE, requires=("test.broken",))(fine)
    checks.check("one_more", "", scope=HERE, requires=("test.next",))(fine)
    results = run(checks)
    for name in ("next", "one_more"):
        assert results[name].outcome.status is Status.SKIP
        assert results[name].outcome.message == "needs azure.test.broken"


def test_a_check_does_not_apply_where_its_requirement_does_not(checks):
    checks.check("absent", "", scope=HERE)(lambda _ctx: skipped("there is none"))
    checks.check("part", "", scope=HERE, requires=("test.absent",))(fine)
    checks.check("later", "", scope=HERE, after=("test.absent",))(fine)
    results = run(checks)
    assert results["part"].outcome.message == "does not apply, as azure.test.absent does not"
    assert not results["part"].outcome.blocked_by
    assert results["later"].outcome.status is Status.PASS


def test_a_warning_stops_nothing(checks):
    checks.check("near", "", scope=HERE)(lambda _ctx: warned("Near.", cause="c", remedy="r"))
    checks.check("next", "", scope=HERE, requires=("test.near",))(fine)
    assert run(checks)["next"].outcome.status is Status.PASS


def test_an_advisory_check_never_fails(checks):
    checks.check("advice", "", scope=HERE, advisory=True)(broken)
    assert run(checks)["advice"].outcome.status is Status.WARN


def test_a_check_is_begun_only_after_those_it_comes_after(checks):
    order = []
    for name, earlier in (("a", ()), ("b", ("test.a",)), ("c", ("test.b",))):
        checks.check(name, "", scope=HERE, after=earlier)(
            lambda _ctx, name=name: order.append(name) or passed("")
        )
    run(checks)
    assert order == ["a", "b", "c"]


def test_progress_hears_of_every_result(checks):
    heard = []
    for name in "abc":
        checks.check(name, "", scope=HERE)(fine)
    runner.run(list(checks), SimpleNamespace(role=APP, deep=False), PLENTY, heard.append)
    assert {result.check.id for result in heard} == {f"azure.test.{name}" for name in "abc"}


def test_only_includes_the_required_checks():
    chosen = [check.id for check in catalogue.select(["azure.database.port"], [])]
    assert chosen[-1] == "azure.kolibri.settings"
    assert "azure.database.port" in chosen
    assert "azure.database.name" in chosen
    assert "azure.database.tls" not in chosen


def test_only_takes_categories():
    chosen = {check.category for check in catalogue.select(["platform"], [])}
    assert chosen >= {"platform"}
    assert "content" not in chosen


def test_checks_that_need_a_skipped_check_run_as_if_it_passed(checks):
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
