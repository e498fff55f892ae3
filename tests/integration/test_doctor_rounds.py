"""The doctor in the background, on two instances: problems reach the log and a stored report."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import signal
import sys
import time

import psycopg2
import pytest

from devtools import share
from devtools.deadline import wait_until
from devtools.deployment import run
from devtools.descendants import children, command_line, descendants
from devtools.instances import WSGI_MODULE, another_instance, start_kolibri
from devtools.probe_processes import probe_processes
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor import catalogue, stored_reports
from kolibri_azure_plugin.doctor.__main__ import NICENESS
from kolibri_azure_plugin.doctor.registry import Scope
from kolibri_azure_plugin.instances.activity import presence
from tests.fuse import require_fuse

from .content_app import content_app

pytestmark = pytest.mark.slow

DAY = 24 * 3600

#: Seconds for a round on a busy machine.
PLENTY = 300

#: The first round does not wait for a start to finish; later ones run only on request.
WHEN_ASKED = """
from kolibri_azure_plugin.doctor import rounds
rounds.FIRST_SECONDS = 0.1
rounds.main([])
"""

#: The same, with a doctor that ends without a report.
BREAKING = f"import sys; {WHEN_ASKED}".replace(
    "rounds.main",
    "from kolibri_azure_plugin.doctor import examination as e; "
    "e.COMMAND = (sys.executable, '-c', 'raise SystemExit(\"out of order\")'); rounds.main",
)

BY_SCOPE = {
    scope: {check.id for check in catalogue.CHECKS if check.scope is scope} for scope in Scope
}

MOUNT, ACCESS, EXPIRY = "azure.content.mount", "azure.content.access", "azure.vault.expiry"


class Runner(BackgroundProcess):
    """The rounds of one instance."""

    def lines(self, check=None, **fields):
        """The doctor's log lines, those of a check or with these fields."""
        fields = {**fields, **({"check": check} if check else {})}
        found = []
        for line in self.output.splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                is_outcome = event["logger"] == "kolibri_azure_plugin.doctor"
                if is_outcome and fields.items() <= event.items():
                    found.append(event)
        return found

    def doctors(self):
        """The processes of its doctors. A child that was just forked still has our name."""
        return [
            pid
            for pid in children(self.pid)
            if " -m kolibri_azure_plugin.doctor " in command_line(pid)
        ]


def niceness(pids):
    """The same for those still running."""
    found = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            found.append(os.getpriority(os.PRIO_PROCESS, pid))
    return found


class Pair:
    """Two instances of one deployment, each with its own mount of the share."""

    def __init__(self, deployment, azure, postgres):
        self.deployment, self.azure, self.postgres = deployment, azure, postgres
        folder = deployment.home.parent
        deployment.environment["KOLIBRI_AZURE_LOG_FORMAT"] = "json"
        self.instances = {
            name: another_instance(deployment, folder / name, WEBSITE_INSTANCE_ID=name)
            for name in ("first", "second")
        }
        self.instances["first"].kind = "bind-then-hang"
        self.begun = []

    def begin(self, name, *words, **settings):
        instance = self.instances[name]
        runner = Runner(
            instance.command(sys.executable, *words),
            environment={**instance.environment, **settings},
            folder=instance.home,
            log_file=instance.home.parent / f"{name}.log",
        )
        self.begun.append(runner)
        return runner

    def every(self, seconds):
        """Run rounds on both at this interval."""
        words = ("-m", "kolibri_azure_plugin.doctor.rounds")
        setting = {"KOLIBRI_AZURE_CHECK_INTERVAL": str(seconds)}
        return [self.begin(name, *words, **setting) for name in self.instances]

    def when_asked(self):
        """Run a round on both now, and another on request."""
        return [self.begin(name, "-c", WHEN_ASKED) for name in self.instances]

    @contextlib.contextmanager
    def state(self):
        session = psycopg2.connect(self.deployment.database_url)
        session.autocommit = True
        with contextlib.closing(session):
            yield State(session)

    def ask(self):
        with self.state() as state:
            return stored_reports.ask(state)

    def reports(self):
        """The stored reports, by instance; the deployment's has an empty name."""
        with self.state() as state:
            documents = [kept.document for kept in stored_reports.read(state)]
        return {
            "" if document["scope"] == "deployment" else document["instance"]: document
            for document in documents
        }

    def instances_there(self):
        with self.state() as state:
            return [each.instance for each in presence.read(state)]

    def kept(self, name, check):
        """The status of a check in a stored report."""
        report = self.reports().get(name, {"checks": []})
        return next((entry["status"] for entry in report["checks"] if entry["id"] == check), None)

    def plant(self):
        """A fault of the first instance, whose share hangs, and one of the deployment."""
        require_fuse()
        share.hang(self.deployment.share)
        self.azure.set_secret(
            "kolibri-database-url", self.deployment.database_url, expires=time.time() + 10.5 * DAY
        )


@pytest.fixture
def pair(provisioned, azure, postgres):
    made = Pair(provisioned, azure, postgres)
    yield made
    share.recover(provisioned.share)
    for runner in made.begun:
        runner.stop()


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


def rounds_below(process):
    return [pid for pid in descendants(process.pid) if "doctor.rounds" in command_line(pid)]


def test_kolibri_start_brings_the_rounds_along_also_where_it_runs_no_workers(pair):
    instance = pair.instances["second"]
    instance.environment.update(KOLIBRI_AZURE_WORKERS="off", KOLIBRI_AZURE_CHECK_INTERVAL="2")
    with start_kolibri(instance) as server:
        server.wait_until(
            lambda: pair.kept("second", ACCESS) in ("pass", "warn"), "a report", PLENTY
        )
        (rounds,) = rounds_below(server)
        assert server.stop() == 0
        assert not command_line(rounds)


def test_the_rounds_end_with_a_kolibri_that_is_killed(pair):
    instance = pair.instances["second"]
    with start_kolibri(instance) as server:
        server.wait_until(lambda: rounds_below(server), "the rounds", PLENTY)
        (rounds,) = rounds_below(server)
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not command_line(rounds), "their end", PLENTY)


#: What the status page needs to read stored reports. None of it examines anything.
READ_BY_THE_STATUS_PAGE = {
    "kolibri_azure_plugin.doctor",
    *(f"kolibri_azure_plugin.doctor.{name}" for name in ("outcome", "registry", "stored_reports")),
}


@pytest.mark.parametrize("wsgi", [WSGI_MODULE, "kolibri_azure_plugin.web.wsgi:application"])
def test_a_web_server_has_no_part_in_it(wsgi, pair):
    names = "sorted(name for name in sys.modules if 'azure_plugin.doctor' in name)"
    loaded = f"import sys, {wsgi.partition(':')[0]}; print('loaded:', {names})"
    instance = pair.instances["second"]
    instance.environment["KOLIBRI_AZURE_CHECK_INTERVAL"] = "1"
    result = run(
        instance.command(sys.executable, "-c", loaded), instance.environment, seconds=PLENTY
    )
    modules = re.search(r"^loaded: (.*)$", result.stdout, re.MULTILINE)[1]
    assert set(ast.literal_eval(modules)) <= READ_BY_THE_STATUS_PAGE


@pytest.fixture
def held_up(pair):
    """A runner whose doctor waits for a vault that does not answer."""
    pair.azure.fail("vault", "hang")
    runner = pair.begin("second", "-c", WHEN_ASKED)
    runner.wait_until(runner.doctors, "a doctor", PLENTY)
    return runner


def test_a_doctor_lets_all_others_go_first(held_up):
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    wait_until(lambda: niceness(held_up.doctors()) == [ours + NICENESS], "its low priority", PLENTY)


def test_a_stop_ends_a_doctor_at_once(held_up):
    (doctor,) = held_up.doctors()
    assert held_up.stop() == 0
    assert not command_line(doctor)


def test_a_doctor_ends_after_its_runner_was_killed(held_up):
    (doctor,) = held_up.doctors()
    os.kill(held_up.pid, signal.SIGKILL)
    wait_until(lambda: not command_line(doctor), "its end", 300)


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
