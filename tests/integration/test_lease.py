"""The workers' lease survives cuts, freezes and clock jumps: no job runs in two processes."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from devtools.deadline import wait_until
from devtools.tcp_proxy import TcpProxy
from kolibri_azure_plugin.instances.lease import LEASE_SECONDS
from tests.integration.jobs import Jobs
from tests.integration.workers import (
    assert_sole_worker,
    last_event_of,
    lease_sessions,
    pipe_for_output,
    read_until,
    standbys,
    start_job,
    start_standby,
    start_worker,
)

RENEW_FOR_ANOTHER = """
    INSERT INTO kolibri_azure_state (key, value) VALUES ('workers', '{"generation": 1}')
    ON CONFLICT (key) DO UPDATE SET updated_at = clock_timestamp()
"""

#: A standby's log line when the server's clock jumps forwards.
AN_HOUR_AGO = """
    UPDATE kolibri_azure_state SET updated_at = updated_at - interval '1 hour'
    WHERE key = 'workers'
"""


@pytest.fixture
def jobs(ready_fleet):
    return Jobs(ready_fleet)


@pytest.mark.slow
def test_a_holder_whose_network_is_cut_stops_its_workers_before_another_starts_them(
    ready_fleet, jobs, processes, counts
):
    with TcpProxy(ready_fleet.postgres.port) as link:
        cut_off = start_job(ready_fleet, jobs, processes, port=link.port)
        start_standby(ready_fleet, processes)

        cut_at = time.time()
        link.cut()
        again = wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)[0]

        last = last_event_of(jobs, 1, before=again)
        counts(
            f"network cut: the old workers stopped after {last.time - cut_at:.1f} s, "
            f"the new ones began after {again.time - cut_at:.1f} s"
        )
        assert last.time < again.time
        assert_sole_worker(jobs, 1, again)
        assert "their lease is lost" in cut_off.output


@pytest.mark.slow
def test_a_holder_whose_session_is_terminated_stops_its_workers_before_another_starts_them(
    ready_fleet, jobs, processes
):
    holder = start_job(ready_fleet, jobs, processes)
    start_standby(ready_fleet, processes)

    held = [
        each for each in lease_sessions(ready_fleet) if f"process {holder.pid}" in each.application
    ]
    assert len(held) == 1
    ready_fleet.postgres.execute("SELECT pg_terminate_backend(%s)", (held[0].pid,))
    again = wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)[0]

    last = last_event_of(jobs, 1, before=again)
    assert last.time < again.time
    assert_sole_worker(jobs, 1, again)
    # It has not exited; it stands by again.
    assert holder.exit_code is None
    wait_until(lambda: standbys(ready_fleet) == 1, "it to stand by", 30)


@pytest.mark.slow
def test_the_workers_come_back_after_a_restart_of_the_database(ready_fleet, jobs, processes):
    worker = start_job(ready_fleet, jobs, processes)

    ready_fleet.postgres.restart()

    wait_until(lambda: jobs.begun(1)[1:], "the job to begin again", 30)
    assert worker.exit_code is None


@pytest.mark.slow
def test_workers_of_an_older_version_stop_when_an_upgrade_begins(ready_fleet, jobs, processes):
    worker = start_job(ready_fleet, jobs, processes)

    begin_upgrade = "UPDATE kolibri_azure_state SET value = %s WHERE key = 'target_version'"
    ready_fleet.postgres.execute(begin_upgrade, ('"9.9.9"',), database=ready_fleet.database)

    wait_until(lambda: "Standing by: the database" in worker.output, "it to stand by", 30)
    stopped = jobs.events(number=1)
    time.sleep(LEASE_SECONDS)
    assert jobs.events(number=1) == stopped
    assert len(jobs.begun(1)) == 1


@pytest.mark.slow
def test_a_holder_that_was_frozen_does_not_go_on_when_another_has_taken_over(
    ready_fleet, jobs, processes
):
    frozen = start_job(ready_fleet, jobs, processes)
    start_standby(ready_fleet, processes)

    frozen.signal(signal.SIGSTOP)
    wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)
    frozen.signal(signal.SIGCONT)

    wait_until(lambda: stands_by_again(frozen), "the old holder to stand by", 30)
    ended = events_of(jobs, frozen)
    time.sleep(2)
    assert events_of(jobs, frozen) == ended


def stands_by_again(process):
    return "Standing by: " in process.output.partition("their lease is lost")[2]


def events_of(jobs, process):
    return [event for event in jobs.events(number=1) if event.process == process.pid]


@pytest.mark.slow
def test_an_instance_runs_no_workers_until_the_lease_that_another_renews_has_run_out(
    ready_fleet, jobs, processes
):
    jobs.add(1, 0.1)
    other_ended = threading.Event()

    def renew_like_a_holder() -> None:
        while not other_ended.wait(0.5):
            ready_fleet.postgres.execute(RENEW_FOR_ANOTHER, database=ready_fleet.database)

    with ThreadPoolExecutor() as pool:
        try:
            pool.submit(renew_like_a_holder)
            worker = start_worker(ready_fleet, "worker")
            processes.append(worker)
            standing_by = "Standing by: the workers run in another instance."
            wait_until(lambda: standing_by in worker.output, "it to stand by", 30)
            time.sleep(LEASE_SECONDS + 2)
            assert jobs.states() == {1: "QUEUED"}
        finally:
            other_ended.set()
    wait_until(lambda: jobs.states() == {1: "COMPLETED"}, "the job, once no other renews", 20)


@pytest.mark.slow
def test_a_jump_of_the_servers_clock_gives_the_lease_to_no_second_instance(
    ready_fleet, jobs, processes
):
    start_job(ready_fleet, jobs, processes)
    start_standby(ready_fleet, processes)

    for _ in range(3):
        ready_fleet.postgres.execute(AN_HOUR_AGO, database=ready_fleet.database)
        time.sleep(LEASE_SECONDS / 2)

    before = len(jobs.events("tick", 1))
    wait_until(lambda: len(jobs.events("tick", 1)) > before, "the job to go on", 30)
    assert len(jobs.begun(1)) == 1


@pytest.mark.slow
def test_a_job_goes_on_nowhere_else_before_a_stopped_process_is_gone_whose_log_is_blocked(
    ready_fleet, jobs, processes
):
    with pipe_for_output(ready_fleet, "first") as output:
        reading = threading.Thread(target=read_until, args=(output, b"is interrupted"))
        reading.start()
        first = start_worker(ready_fleet, "first")
        processes.append(first)
        jobs.add(1, 600, function="recorded_jobs.shout")
        wait_until(lambda: jobs.begun(1), "the job to begin", 30)
        start_standby(ready_fleet, processes)

        first.signal(signal.SIGTERM)

        # From now on nothing reads, and every log line blocks.
        reading.join(30)
        assert not reading.is_alive()
        assert first.wait_for_exit(30) == 0
        again = wait_until(lambda: jobs.begun(1)[1:], "the next holder", 30)[0]
        last = last_event_of(jobs, 1, before=again)
        # It was handed over: the lease had not run out.
        assert 0 < again.time - last.time < LEASE_SECONDS
