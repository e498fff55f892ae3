"""One instance runs the background workers; no job is lost, cancelled or run twice for it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devtools.breakable_link import BreakableLink
from devtools.deadline import wait_until
from devtools.fleet import Fleet
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.instances.advisory_lock import HOLDERS, AdvisoryLock
from kolibri_azure_plugin.instances.lease import LOCK_NAME
from tests.integration.jobs import Event, Jobs

FAILOVER_SECONDS = 10
KILLS = 20
JOBS = 200
CHAOS_SECONDS = 60

RENEW_FOR_ANOTHER = """
    INSERT INTO kolibri_azure_state (key, value) VALUES ('workers', '{"generation": 1}')
    ON CONFLICT (key) DO UPDATE SET updated_at = clock_timestamp()
"""

WORKER = ("manage", "--skip-update", "azure_worker")


@pytest.fixture
def jobs(ready_fleet):
    return Jobs(ready_fleet)


@pytest.mark.slow
def test_the_workers_fail_over_within_ten_seconds_in_twenty_of_twenty_kills(
    ready_fleet, another_ready_fleet, processes, counts
):
    def kill_again_and_again(fleet: Fleet) -> list[float]:
        jobs = Jobs(fleet)
        running = {name: begin_worker(fleet, name) for name in ("a", "b", "c")}
        processes.extend(running.values())
        taken_over_after = []
        for kill in range(KILLS // 2):
            holder = wait_until(lambda: holder_among(fleet, running), "a holder", 30)
            wait_until(lambda: stand_bys(fleet) >= 1, "a stand-by", 30)
            taken_over_after.append(seconds_to_fail_over(fleet, jobs, running[holder], kill))
            running[holder] = begin_worker(fleet, holder)
            processes.append(running[holder])
        return taken_over_after

    # Most of the time is waiting, so two databases are tried at once.
    with ThreadPoolExecutor() as pool:
        halves = pool.map(kill_again_and_again, (ready_fleet, another_ready_fleet))
    taken_over_after = [seconds for half in halves for seconds in half]
    counts(
        f"failover after kill -9, seconds: {min(taken_over_after):.1f} to "
        f"{max(taken_over_after):.1f} in {len(taken_over_after)} kills"
    )
    assert len([each for each in taken_over_after if each <= FAILOVER_SECONDS]) == KILLS


@pytest.mark.slow
def test_200_jobs_all_complete_while_three_instances_are_killed_stopped_and_started(
    ready_fleet, jobs, processes, counts
):
    chance = random.Random()
    instances = {name: Instance(ready_fleet, name, processes) for name in KINDS}
    done = {"killed": 0, "stopped": 0, "started": len(instances)}
    began = time.monotonic()
    while len(jobs.states()) < JOBS:
        due = min(1.0, (time.monotonic() - began) / CHAOS_SECONDS) * JOBS
        for number in range(len(jobs.states()), round(due)):
            jobs.add(number, chance.uniform(0.1, 1.5))
        time.sleep(chance.uniform(0.5, 4))
        instance = instances[chance.choice(list(instances))]
        if not instance.runs:
            done["started"] += 1
            instance.start()
        elif chance.random() < 0.5:
            done["killed"] += 1
            instance.kill()
        else:
            done["stopped"] += 1
            instance.stop()
    for instance in instances.values():
        if not instance.runs:
            instance.start()
    wait_until(lambda: set(jobs.states().values()) == {"COMPLETED"}, "all jobs", 180)

    killed = {pid for instance in instances.values() for pid in instance.killed}
    repeated = [number for number in range(JOBS) if len(jobs.begun(number)) > 1]
    blameless = [
        number
        for number in repeated
        if all(event.process in killed for event in jobs.begun(number)[:-1])
    ]
    counts(
        f"{JOBS} jobs, instances {done}: {len(jobs.states())} completed, {len(repeated)} begun "
        f"again, of these {len(blameless)} because their worker was killed, "
        f"{len(repeated) - len(blameless)} for no such reason"
    )
    assert len(jobs.states()) == JOBS
    assert repeated == blameless


@pytest.mark.slow
def test_a_holder_whose_network_is_cut_stops_its_workers_before_another_starts_them(
    ready_fleet, jobs, processes, counts
):
    with contextlib.closing(BreakableLink(ready_fleet.postgres.port)) as link:
        cut_off = begin_job(ready_fleet, jobs, processes, port=link.port)
        begin_stand_by(ready_fleet, processes)

        cut_at = time.time()
        link.cut()
        again = wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)[0]

        last = last_sign_of(jobs, 1, before=again)
        counts(
            f"network cut: the old workers stopped after {last.time - cut_at:.1f} s, "
            f"the new ones began after {again.time - cut_at:.1f} s"
        )
        assert again.time - cut_at <= FAILOVER_SECONDS
        assert last.time < again.time
        assert_works_alone(jobs, 1, again)
        assert "their lease is lost" in cut_off.output


@pytest.mark.slow
def test_a_holder_whose_session_is_terminated_stops_its_workers_before_another_starts_them(
    ready_fleet, jobs, processes
):
    holder = begin_job(ready_fleet, jobs, processes)
    begin_stand_by(ready_fleet, processes)

    terminated_at = time.time()
    for session, _name in holders(ready_fleet):
        ready_fleet.postgres.execute("SELECT pg_terminate_backend(%s)", (session,))
    again = wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)[0]

    last = last_sign_of(jobs, 1, before=again)
    assert last.time - terminated_at < 1
    assert again.time - terminated_at <= FAILOVER_SECONDS
    assert_works_alone(jobs, 1, again)
    # It has not ended, it stands by again.
    assert holder.exit_code is None
    wait_until(lambda: stand_bys(ready_fleet) == 1, "it to stand by", 30)


@pytest.mark.slow
def test_the_workers_come_back_after_a_restart_of_the_database(ready_fleet, jobs, processes):
    worker = begin_job(ready_fleet, jobs, processes)

    ready_fleet.postgres.restart()

    wait_until(lambda: jobs.begun(1)[1:], "the job to begin again", 30)
    assert worker.exit_code is None


@pytest.mark.slow
def test_workers_of_an_older_version_stop_when_an_upgrade_begins(ready_fleet, jobs, processes):
    worker = begin_job(ready_fleet, jobs, processes)

    begin_upgrade = "UPDATE kolibri_azure_state SET value = %s WHERE key = 'target_version'"
    ready_fleet.postgres.execute(begin_upgrade, ('"9.9.9"',), database=ready_fleet.database)

    wait_until(lambda: holders(ready_fleet) == [], "the workers to stop", 5)
    wait_until(lambda: "Standing by: the database" in worker.output, "it to stand by", 30)
    assert len(jobs.begun(1)) == 1


@pytest.mark.slow
def test_a_holder_that_was_frozen_does_not_go_on_when_another_has_taken_over(
    ready_fleet, jobs, processes
):
    frozen = begin_job(ready_fleet, jobs, processes)
    begin_stand_by(ready_fleet, processes)

    frozen.signal(signal.SIGSTOP)
    frozen_at = time.time()
    again = wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)[0]
    assert again.time - frozen_at <= FAILOVER_SECONDS
    frozen.signal(signal.SIGCONT)
    thawed_at = time.time()

    wait_until(lambda: stand_bys(ready_fleet) == 1, "the old holder to stand by", 30)
    old = [event for event in jobs.events(number=1) if event.process == frozen.pid]
    assert old[-1].time - thawed_at < 1


@pytest.mark.slow
def test_an_instance_that_got_the_lock_through_a_pooler_runs_no_workers_beside_another(
    ready_fleet, jobs, processes
):
    """A pooler in transaction mode may give a lock to two; the other one's lease shows it."""
    jobs.add(1, 0.1)
    other_works = threading.Event()

    def renew_like_a_holder() -> None:
        while not other_works.wait(0.5):
            ready_fleet.postgres.execute(RENEW_FOR_ANOTHER, database=ready_fleet.database)

    with ThreadPoolExecutor() as pool:
        try:
            pool.submit(renew_like_a_holder)
            worker = begin_worker(ready_fleet, "worker")
            processes.append(worker)
            wait_until(lambda: "not to a pooler in transaction mode" in worker.output, "it", 30)
            assert jobs.states() == {1: "QUEUED"}
        finally:
            other_works.set()
    wait_until(lambda: jobs.states() == {1: "COMPLETED"}, "the job, once nobody renews", 20)


def test_a_stopped_instance_hands_its_jobs_over_at_once_and_cancels_none(
    ready_fleet, jobs, processes
):
    first = begin_worker(ready_fleet, "first")
    processes.append(first)
    wait_until(lambda: the_holder(ready_fleet) == first.pid, "the holder", 30)
    begin_stand_by(ready_fleet, processes)
    jobs.add(1, 8)
    jobs.add(2, 1)
    wait_until(lambda: jobs.begun(1) and jobs.begun(2), "the jobs to begin", 20)

    assert first.stop() == 0
    stopped_at = time.time()

    wait_until(lambda: set(jobs.states().values()) == {"COMPLETED"}, "both jobs", 60)
    assert [len(jobs.begun(number)) for number in (1, 2)] == [2, 1]
    assert jobs.begun(1)[1].time - stopped_at < 3


def test_jobs_that_were_picked_or_running_when_everything_ended_are_resumed(
    ready_fleet, jobs, processes
):
    jobs.add(1, 0.1, state="SELECTED")
    jobs.add(2, 0.1, state="RUNNING")

    processes.append(begin_worker(ready_fleet, "worker"))

    wait_until(lambda: set(jobs.states().values()) == {"COMPLETED"}, "both jobs", 30)


@pytest.mark.parametrize("start", ["start", "services"])
def test_kolibri_start_and_kolibri_services_run_the_workers(ready_fleet, jobs, processes, start):
    jobs.add(1, 0.1)
    instance = ready_fleet.instance("home")

    processes.append(getattr(instance, start)())

    wait_until(lambda: jobs.states() == {1: "COMPLETED"}, "the job", 60)
    worker = jobs.begun(1)[0].process
    assert worker != processes[0].pid
    assert processes[0].stop() == 0
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), "the workers' process to end", 5)


def test_an_instance_that_only_serves_starts_no_workers(ready_fleet, jobs, processes):
    jobs.add(1, 0.1)
    stock_wsgi = ready_fleet.instance("wsgi").gunicorn("--timeout=120")
    serving = ready_fleet.instance("serving", {"KOLIBRI_AZURE_WORKERS": "off"}).start()
    processes += [stock_wsgi, serving]

    for each in (stock_wsgi, serving):
        each.wait_until_it_answers(60)

    assert "KOLIBRI_AZURE_WORKERS is off" in serving.output
    assert holders(ready_fleet) == []
    assert jobs.states() == {1: "QUEUED"}


def begin_worker(fleet: Fleet, name: str, port: int | None = None) -> BackgroundProcess:
    return fleet.instance(name, port=port).begin(*WORKER, log=f"{name}.log")


def begin_job(
    fleet: Fleet,
    jobs: Jobs,
    processes: list[BackgroundProcess],
    *,
    port: int | None = None,
) -> BackgroundProcess:
    """A worker that holds the lock, and has begun job 1, which takes long."""
    worker = begin_worker(fleet, "first", port)
    processes.append(worker)
    jobs.add(1, 600)
    wait_until(lambda: jobs.begun(1), "the job to begin", 30)
    return worker


def begin_stand_by(fleet: Fleet, processes: list[BackgroundProcess]) -> None:
    """Another worker, which can't have the lock yet."""
    processes.append(begin_worker(fleet, "second"))
    wait_until(lambda: stand_bys(fleet) == 1, "a stand-by", 30)


#: Every way to run workers.
KINDS: dict[str, Callable[[Fleet, str], BackgroundProcess]] = {
    "start": lambda fleet, name: fleet.instance(name).start(),
    "services": lambda fleet, name: fleet.instance(name).services(),
    "command": begin_worker,
}


class Instance:
    """One of the three, each of another kind."""

    def __init__(self, fleet: Fleet, kind: str, processes: list[BackgroundProcess]) -> None:
        self._fleet = fleet
        self._kind = kind
        self._processes = processes
        #: Every process that was killed with -9.
        self.killed: set[int] = set()
        self.start()

    @property
    def runs(self) -> bool:
        return self._process.exit_code is None

    def start(self) -> None:
        self._process = KINDS[self._kind](self._fleet, self._kind)
        self._processes.append(self._process)

    def kill(self) -> None:
        """All of it at once, as the end of a container is."""
        everything = [self._process.pid, *children(self._process.pid)]
        self.killed.update(everything)
        for pid in everything:
            send(signal.SIGKILL, pid)
        self._process.kill()

    def stop(self) -> None:
        self._process.stop()


def seconds_to_fail_over(fleet: Fleet, jobs: Jobs, holder: BackgroundProcess, job: int) -> float:
    """From the holder's end by kill -9 to the moment in which its job is begun again."""
    jobs.add(job, 600)
    wait_until(lambda: jobs.begun(job), "the job to begin", 10)
    killed_at = time.time()
    holder.kill()
    again = wait_until(lambda: jobs.begun(job)[1:], "another instance to take over", 30)
    jobs.forget(job)
    return again[0].time - killed_at


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def send(number: signal.Signals, pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def holders(fleet: Fleet) -> list[tuple[int, str]]:
    """The sessions that hold the workers' lock: none or one."""
    return fleet.postgres.execute(HOLDERS, (AdvisoryLock(LOCK_NAME).key,), database=fleet.database)


def the_holder(fleet: Fleet) -> int | None:
    """The id of the process that holds the lock."""
    found = holders(fleet)
    return int(found[0][1].rsplit(" ", 1)[1]) if found else None


def holder_among(fleet: Fleet, running: dict[str, BackgroundProcess]) -> str | None:
    pid = the_holder(fleet)
    return next((name for name, process in running.items() if process.pid == pid), None)


def stand_bys(fleet: Fleet) -> int:
    """How many sessions ask for the lock without having it."""
    sessions = fleet.postgres.connections(fleet.database)
    asking = [each for each in sessions if each.application.startswith(f"kolibri {LOCK_NAME}")]
    return len(asking) - len(holders(fleet))


def last_sign_of(jobs: Jobs, number: int, *, before: Event) -> Event:
    """The last that was heard of a job in other processes than that of `before`."""
    return [event for event in jobs.events(number=number) if event.process != before.process][-1]


def assert_works_alone(jobs: Jobs, number: int, begun: Event) -> None:
    """For a while, nobody else works on the job."""
    wait_until(
        lambda: jobs.events("tick", number)[-1].time > begun.time + 2, "the job to go on", 10
    )
    later = [event for event in jobs.events(number=number) if event.time >= begun.time]
    assert {event.process for event in later} == {begun.process}
