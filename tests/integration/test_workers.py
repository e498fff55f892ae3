"""One instance runs the background workers; no job is lost, cancelled or run twice for it."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devtools.breakable_link import BreakableLink
from devtools.deadline import wait_until
from devtools.fleet import Fleet
from tests.integration.jobs import Jobs
from tests.integration.workers import (
    KINDS,
    Instance,
    assert_works_alone,
    begin_job,
    begin_stand_by,
    begin_worker,
    holder_among,
    holders,
    last_sign_of,
    seconds_to_fail_over,
    stand_bys,
    the_holder,
)

FAILOVER_SECONDS = 10
KILLS = 20
JOBS = 200
CHAOS_SECONDS = 60

RENEW_FOR_ANOTHER = """
    INSERT INTO kolibri_azure_state (key, value) VALUES ('workers', '{"generation": 1}')
    ON CONFLICT (key) DO UPDATE SET updated_at = clock_timestamp()
"""


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


def test_a_job_whose_function_is_gone_fails_and_keeps_nothing_else_from_running(
    ready_fleet, jobs, processes
):
    jobs.add(1, 0.1, function="no_such_plugin.work")
    jobs.add(2, 0.1)

    worker = begin_worker(ready_fleet, "worker")
    processes.append(worker)

    expected = {1: "FAILED", 2: "COMPLETED"}
    wait_until(lambda: jobs.states() == expected, "both jobs to end", 30)
    assert "Job test-1 could not be run: No module named 'no_such_plugin'" in worker.output


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
