"""While a restore runs, no other process uses the database."""

from __future__ import annotations

import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.kolibri_client import KolibriClient
from kolibri_azure_plugin.instances.lease_row import TARGET_VERSION

from .backing_up import SOON
from .jobs import Jobs
from .restoring import restore_held_up, wait_for
from .workers import start_worker

pytestmark = pytest.mark.slow


@pytest.fixture
def fleet_backups(ready_fleet, postgres, role):
    """Several instances of one deployment, with a folder for backups."""
    folder = ready_fleet.folder / "backups"
    folder.mkdir()
    ready_fleet.settings["KOLIBRI_AZURE_BACKUP_FOLDER"] = str(folder)
    return folder


def restore_in(fleet, *words):
    """Run the command on an instance of its own."""
    return fleet.instance("shell").begin("manage", "azure_backup", *words, log="restore.log")


def test_while_a_restore_runs_other_instances_answer_503_and_start_no_job(
    ready_fleet, fleet_backups, processes
):
    fleet = ready_fleet
    jobs = Jobs(fleet)
    made = fleet.instance("shell").run("manage", "azure_backup", "create")
    dump = made.stdout.split()[-1]
    first = fleet.instance("first").start()
    second = fleet.instance("second").gunicorn("--preload", "--workers=2", "--threads=4")
    standby = start_worker(fleet, "third")
    processes += [first, second, standby]
    for site in (first, second):
        site.wait_until_serving()
    for number in range(400):
        jobs.add(number, 0.2)
    wait_until(lambda: len(jobs.events("begin")) > 3, "jobs to run", SOON)

    restore = restore_in(fleet, "restore", dump, "--replace")
    processes.append(restore)
    with restore_held_up(restore, fleet.postgres, fleet.database):
        for site in (first, second):
            for path in ("/api/public/info/", "/en/auth/", "/azure/health/ready"):
                wait_until(lambda at=site.url + path: status(at) == 503, f"503 from {path}", SOON)
            assert status(f"{site.url}/azure/health/live") == 200
            answer = requests.get(f"{site.url}/api/public/info/", timeout=30)
            assert int(answer.headers["Retry-After"]) > 0
            assert "tell the person who looks after this site" in answer.text
        # A job that ran goes on to its end, and no other begins, although many are due.
        wait_for(3)
        begun = jobs.events("begin")
        wait_for(5)
        assert jobs.events("begin") == begun

    assert restore.wait_for_exit(SOON) == 0, restore.output
    # What they remember is of another database, so they end. A supervisor starts them again.
    for site in (first, second):
        wait_until(lambda at=site: has_ended_when_visited(at), "its end", SOON)
    # If it had the workers' lease, it has started over by itself.
    wait_until(
        lambda: standby.exit_code == 0 or "their lease is lost" in standby.output, "its end", SOON
    )
    assert "The database has been restored from a backup" in second.output
    again = fleet.instance("second").gunicorn("--preload")
    processes.append(again)
    again.wait_until_serving()
    learner = KolibriClient(again.url, forwarded_https=True)
    learner.sign_in(LEARNER, LEARNER_PASSWORD)
    # The jobs are younger than the backup.
    assert jobs.states() == {}


def has_ended_when_visited(site):
    return status(f"{site.url}/api/public/info/") in (0, 503) and site.exit_code is not None


def status(url):
    try:
        return requests.get(url, timeout=30, headers={"Connection": "close"}).status_code
    except requests.RequestException:
        return 0


def test_an_instance_that_starts_during_a_restore_waits_for_it(
    ready_fleet, fleet_backups, processes
):
    fleet = ready_fleet
    dump = fleet.instance("shell").run("manage", "azure_backup", "create").stdout.split()[-1]
    restore = restore_in(fleet, "restore", dump, "--replace")
    processes.append(restore)
    with restore_held_up(restore, fleet.postgres, fleet.database):
        starting = fleet.instance("starting").begin("manage", "check")
        processes.append(starting)
        text = "A backup of the database is being restored"
        starting.wait_until(lambda: text in starting.output, "it to wait", SOON)
        other = restore_in(fleet, "restore", dump, "--replace", "--once")
        processes.append(other)
        assert starting.exit_code is None
    assert restore.wait_for_exit(SOON) == 0
    assert starting.wait_for_exit(SOON) == 0, starting.output
    # An instance that was told to restore the same backup finds it done.
    assert other.wait_for_exit(SOON) == 0
    assert "already" in other.output


def test_after_a_restore_workers_run_again(ready_fleet, fleet_backups, processes):
    fleet = ready_fleet
    dump = fleet.instance("shell").run("manage", "azure_backup", "create").stdout.split()[-1]
    assert (
        fleet.instance("shell").run("manage", "azure_backup", "restore", dump, "--replace").code
        == 0
    )
    state = fleet.postgres.execute(
        "SELECT value #>> '{}' FROM kolibri_azure_state WHERE key = %s",
        (TARGET_VERSION,),
        database=fleet.database,
    )
    assert "being prepared" not in str(state)
    jobs = Jobs(fleet)
    processes.append(start_worker(fleet, "worker"))
    jobs.add(1, 0.1)
    wait_until(lambda: jobs.events("end", 1), "a job to run", SOON)
