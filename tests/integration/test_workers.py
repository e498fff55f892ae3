"""One instance runs the background workers, and no job is lost, cancelled or run twice.

`make kills` is the long form: 20 kills, and 200 jobs.
"""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devtools.deadline import wait_until
from devtools.fleet import Fleet
from kolibri_azure_plugin.instances.lease import LEASE_SECONDS
from tests.integration.jobs import Jobs
from tests.integration.workers import (
    FAILOVER_SECONDS,
    KINDS,
    Instance,
    current_holder,
    holder_among,
    last_event_of,
    lease_sessions,
    measure_failover,
    standbys,
    start_standby,
    start_worker,
)

#: Kills of the workers on each of two databases, and jobs while instances come and go.
KILLS = int(os.environ.get("KOLIBRI_AZURE_WORKER_KILLS", "2"))
JOBS = int(os.environ.get("KOLIBRI_AZURE_WORKER_JOBS", "60"))

#: Slow enough for several instances to come and go meanwhile.
JOBS_PER_SECOND = 3


@pytest.fixture
def jobs(ready_fleet):
    return Jobs(ready_fleet)


@pytest.mark.slow
def test_the_workers_fail_over_after_every_kill(
    ready_fleet, another_ready_fleet, processes, counts
):
    def kill_again_and_again(fleet: Fleet) -> list[float]:
        jobs = Jobs(fleet)
        running = {name: start_worker(fleet, name) for name in ("a", "b", "c")}
        processes.extend(running.values())
        taken_over_after = []
        for kill in range(KILLS):
            holder = wait_until(lambda: holder_among(fleet, running), "a holder", 30)
            wait_until(lambda: standbys(fleet) >= 1, "a stand-by", 30)
            taken_over_after.append(measure_failover(fleet, jobs, running[holder], kill))
            running[holder] = start_worker(fleet, holder)
            processes.append(running[holder])
        return taken_over_after

    # The test mostly waits, so two databases run at once.
    with ThreadPoolExecutor() as pool:
        halves = pool.map(kill_again_and_again, (ready_fleet, another_ready_fleet))
    taken_over_after = [seconds for half in halves for seconds in half]
    counts(
        f"failover after kill -9, seconds: {min(taken_over_after):.1f} to "
        f"{max(taken_over_after):.1f} in {len(taken_over_after)} kills"
    )
    assert len(taken_over_after) == 2 * KILLS
    # Many processes start at once here, and may hold up some of them.
    assert min(taken_over_after) <= FAILOVER_SECONDS


@pytest.mark.slow
def test_all_jobs_complete_while_three_instances_are_killed_stopped_and_started(
    ready_fleet, jobs, processes, counts
):
    chance = random.Random()
    instances = {name: Instance(ready_fleet, name, processes) for name in KINDS}
    done = {"killed": 0, "stopped": 0, "started": len(instances)}
    began = time.monotonic()
    while len(jobs.states()) < JOBS:
        due = min(JOBS, (time.monotonic() - began) * JOBS_PER_SECOND)
        for number in range(len(jobs.states()), round(due)):
            jobs.add(number, chance.uniform(0.1, 1.5))
        time.sleep(chance.uniform(0.5, 4))
        instance = instances[chance.choice(list(instances))]
        if not instance.runs:
            done["started"] += 1
            instance.start()
        elif done["killed"] <= done["stopped"]:
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


def test_a_stopped_instance_hands_its_jobs_over_at_once_and_cancels_none(
    ready_fleet, jobs, processes
):
    first = start_worker(ready_fleet, "first")
    processes.append(first)
    wait_until(lambda: current_holder(ready_fleet) == first.pid, "the holder", 30)
    start_standby(ready_fleet, processes)
    jobs.add(1, 20)
    jobs.add(2, 1)
    wait_until(lambda: jobs.begun(1) and jobs.begun(2), "the jobs to begin", 20)

    assert first.stop() == 0

    wait_until(lambda: set(jobs.states().values()) == {"COMPLETED"}, "both jobs", 90)
    assert [len(jobs.begun(number)) for number in (1, 2)] == [2, 1]
    last = last_event_of(jobs, 1, before=jobs.begun(1)[1])
    assert 0 < jobs.begun(1)[1].time - last.time < LEASE_SECONDS


def test_jobs_that_were_picked_or_running_when_everything_ended_are_resumed(
    ready_fleet, jobs, processes
):
    jobs.add(1, 0.1, state="SELECTED")
    jobs.add(2, 0.1, state="RUNNING")

    processes.append(start_worker(ready_fleet, "worker"))

    wait_until(lambda: set(jobs.states().values()) == {"COMPLETED"}, "both jobs", 30)


def test_a_job_whose_function_is_gone_fails_and_keeps_nothing_else_from_running(
    ready_fleet, jobs, processes
):
    jobs.add(1, 0.1, function="no_such_plugin.work")
    jobs.add(2, 0.1)

    worker = start_worker(ready_fleet, "worker")
    processes.append(worker)

    expected = {1: "FAILED", 2: "COMPLETED"}
    wait_until(lambda: jobs.states() == expected, "both jobs to end", 30)
    assert "Job test-1 could not be run: No module named 'no_such_plugin'" in worker.output


def test_a_job_that_is_retried_in_the_moment_it_fails_runs_again(ready_fleet, jobs, processes):
    jobs.add(1, 1, function="recorded_jobs.fail_and_be_retried_at_once")

    worker = start_worker(ready_fleet, "worker")
    processes.append(worker)

    wait_until(lambda: jobs.states() == {1: "COMPLETED"}, "the job", 30)
    assert len(jobs.begun(1)) == 2
    assert "could not be run" not in worker.output


def test_a_job_whose_end_was_recorded_before_the_database_went_away_runs_once(
    ready_fleet, jobs, processes
):
    jobs.add(1, 0.1, function="recorded_jobs.end_and_lose_the_database")

    worker = start_worker(ready_fleet, "worker")
    processes.append(worker)
    fault = "Job test-1 could not reach the database"
    worker.wait_until(lambda: fault in worker.output, "the fault", 120)
    ready_fleet.postgres.execute(f'ALTER DATABASE "{ready_fleet.database}" CONNECTION LIMIT -1')

    jobs.add(2, 0.1)
    wait_until(lambda: jobs.states() == {1: "COMPLETED", 2: "COMPLETED"}, "both jobs", 30)
    assert len(jobs.begun(1)) == 1


@pytest.mark.parametrize("start", ["start", "services"])
def test_kolibri_start_and_kolibri_services_run_the_workers(ready_fleet, jobs, processes, start):
    jobs.add(1, 0.1)
    instance = ready_fleet.instance("home")

    processes.append(getattr(instance, start)())

    wait_until(lambda: jobs.states() == {1: "COMPLETED"}, "the job", 60)
    worker = jobs.begun(1)[0].process
    assert worker != processes[0].pid
    assert processes[0].stop() == 0
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), "the workers' process to end", 30)


def test_an_instance_that_only_serves_starts_no_workers(ready_fleet, jobs, processes):
    jobs.add(1, 0.1)
    stock_wsgi = ready_fleet.instance("wsgi").gunicorn("--timeout=120")
    serving = ready_fleet.instance("serving", {"KOLIBRI_AZURE_WORKERS": "off"}).start()
    processes += [stock_wsgi, serving]

    for each in (stock_wsgi, serving):
        each.wait_until_serving(60)

    assert "KOLIBRI_AZURE_WORKERS is off" in serving.output
    assert lease_sessions(ready_fleet) == []
    assert current_holder(ready_fleet) is None
    assert jobs.states() == {1: "QUEUED"}
