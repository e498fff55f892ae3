"""The doctor in the background, on two instances: problems reach the log and a stored report."""

from __future__ import annotations

import sys

import pytest

from devtools import share
from devtools.deadline import wait_until
from devtools.probe_processes import probe_processes
from kolibri_azure_plugin.doctor import catalogue
from kolibri_azure_plugin.doctor.registry import Scope

from .content_app import content_app
from .doctor_rounds import ACCESS, BREAKING, EXPIRY, MOUNT, PLENTY, WHEN_ASKED, Runner
from .housekeeping_site import backdate

pytestmark = pytest.mark.slow

BY_SCOPE = {
    scope: {check.id for check in catalogue.CHECKS if check.scope is scope} for scope in Scope
}


def rounds_of(runners, check):
    return [len(runner.lines(check)) for runner in runners]


def test_a_fault_of_an_instance_and_one_of_the_deployment_are_found_by_themselves(pair):
    first, second = pair.every(10)
    wait_until(lambda: len(pair.reports()) == 3, "the first reports", PLENTY)
    # On a busy machine, it warns of a slow share.
    assert pair.kept("first", ACCESS) in ("pass", "warn")
    assert pair.kept("", EXPIRY) == "pass"

    pair.plant()

    wait_until(lambda: pair.kept("first", ACCESS) == "fail", "the hanging share", PLENTY)
    wait_until(lambda: pair.kept("", EXPIRY) == "warn", "the secret's end", PLENTY)
    assert first.lines(ACCESS, status="fail", scope="instance", level="ERROR")
    assert pair.kept("second", ACCESS) in ("pass", "warn")
    assert second.lines(ACCESS)
    assert not second.lines(ACCESS, status="fail")
    (noticed, *_) = [each for each in (first, second) if each.lines(EXPIRY, status="warn")]
    line = noticed.lines(EXPIRY, status="warn", scope="deployment", level="WARNING")[0]
    assert line["message"] == "Secret kolibri-database-url expires in 10 days."
    assert "az keyvault secret set --vault-name kolibri" in line["remedy"]


def test_each_outcome_is_told_once_and_that_of_the_deployment_by_one_instance(pair):
    runners = first, second = pair.when_asked()
    wait_until(lambda: len(pair.reports()) == 3, "the first reports", PLENTY)
    pair.plant()
    before = {name: report["time"] for name, report in pair.reports().items()}

    assert pair.ask()

    def all_are_new():
        now = {name: report["time"] for name, report in pair.reports().items()}
        return all(now[name] != before[name] for name in before)

    wait_until(all_are_new, "new reports", PLENTY)
    for check in BY_SCOPE[Scope.INSTANCE]:
        assert rounds_of(runners, check) == [2, 2], check
    for check in BY_SCOPE[Scope.DEPLOYMENT]:
        assert sum(rounds_of(runners, check)) == 2, check
    assert len(first.lines(ACCESS, status="fail")) == 1
    assert len(second.lines(ACCESS, status="fail")) == 0
    assert sum(len(runner.lines(EXPIRY, status="warn")) for runner in runners) == 1


def test_rounds_on_a_hanging_share_leave_one_stuck_process_and_not_one_each(pair):
    pair.plant()
    runner, _ = pair.every(2)
    runner.wait_until(lambda: len(runner.lines(ACCESS, status="fail")) >= 3, "rounds", PLENTY)
    # A doctor that is about to give up may still run; a stuck one stays.
    mount_point = pair.deployment.mount_point
    wait_until(lambda: len(probe_processes(mount_point)) == 1, "one probe", PLENTY)

    share.recover(pair.deployment.share)
    runner.wait_until(lambda: pair.kept("first", ACCESS) != "fail", "an answer", PLENTY)
    # Each round has one for a moment.
    wait_until(lambda: not probe_processes(mount_point), "no probe", PLENTY)


def test_without_a_database_each_instance_tells_all_that_it_finds(pair):
    pair.postgres.execute(f'ALTER DATABASE "{pair.deployment.database}" ALLOW_CONNECTIONS false')
    runners = pair.when_asked()

    for runner in runners:
        runner.wait_until(lambda r=runner: r.lines(EXPIRY, status="pass"), "a round", PLENTY)
        assert runner.lines("azure.platform.memory")
        assert runner.lines("azure.database.sign_in", status="fail")
    assert "The doctor's reports can't be stored: " in runners[0].output


def test_the_server_of_interactive_content_examines_its_instance_and_only_logs(tmp_path):
    (tmp_path / "channel").mkdir()
    deployment = content_app(tmp_path, tmp_path / "channel")
    deployment.environment["KOLIBRI_AZURE_LOG_FORMAT"] = "json"
    deployment.home.mkdir()
    runner = Runner(
        deployment.command(sys.executable, "-c", WHEN_ASKED),
        environment=deployment.environment,
        folder=deployment.home,
        log_file=tmp_path / "content.log",
    )
    with runner:
        runner.wait_until(lambda: runner.lines("azure.platform.memory"), "a round", PLENTY)
        assert runner.lines(MOUNT, status="pass")
        assert {line["scope"] for line in runner.lines()} == {"instance"}
        assert not runner.lines(status="fail")
        assert runner.stop() == 0


def test_a_doctor_that_breaks_is_told_like_a_failure_and_tried_again(pair):
    runner = pair.begin("first", "-c", BREAKING, KOLIBRI_AZURE_CHECK_INTERVAL="1")
    runner.wait_until(lambda: len(runner.lines("azure.doctor")) >= 3, "more than one try", PLENTY)
    line = runner.lines("azure.doctor", status="fail", level="ERROR")[0]
    assert "out of order" in line["cause"]
    assert pair.reports() == {}


def test_where_a_doctor_breaks_another_instance_examines_the_deployment(pair):
    breaking = pair.begin("first", "-c", BREAKING)
    breaking.wait_until(lambda: breaking.lines("azure.doctor"), "its only try", PLENTY)

    pair.begin("second", "-c", WHEN_ASKED)

    wait_until(lambda: pair.kept("", EXPIRY) == "pass", "the deployment's report", PLENTY)
    assert pair.reports()[""]["instance"] == "second"
    assert len(breaking.lines("azure.doctor", scope="deployment")) == 1


def test_where_the_interval_is_0_reports_are_made_on_request_only(pair):
    runner = pair.begin("first", "-c", WHEN_ASKED, KOLIBRI_AZURE_CHECK_INTERVAL="0")
    runner.wait_until(pair.instances_there, "its presence", PLENTY)
    assert "The doctor makes no rounds" in runner.output
    assert pair.reports() == {}

    def ask_until_there_are_reports():
        # A request before its first look at the table is not new.
        with pair.state() as state:
            state.set("doctor_asked", True)
        return len(pair.reports()) == len(BY_SCOPE)

    runner.wait_until(ask_until_there_are_reports, "the reports", PLENTY)


def test_an_instance_without_workers_removes_abandoned_uploads_too(pair, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name, minutes in (("tmpkilled1.upload.csv", 31), ("tmpgoingon.upload.csv", 29)):
        (temporary / name).write_text("username,password\n")
        backdate(temporary / name, minutes)

    pair.begin(
        "second",
        "-m",
        "kolibri_azure_plugin.doctor.rounds",
        KOLIBRI_AZURE_WORKERS="off",
        TMPDIR=str(temporary),
    )

    wait_until(
        lambda: [path.name for path in temporary.glob("tmp*.csv")] == ["tmpgoingon.upload.csv"],
        "the upload of a killed process to be removed",
        PLENTY,
    )
