"""`kolibri manage azure_backup restore`: all or nothing, while no other process uses the database.

`make backups` kills ten restores.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import time
from pathlib import Path

import psycopg2
import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import LEARNER, LEARNER_PASSWORD, SUPERUSER
from devtools.descendants import command_line, descendants
from devtools.instances import start_gunicorn
from devtools.kolibri_client import KolibriClient
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.database.restore_gate import CHANGES
from kolibri_azure_plugin.facility_data.backups.tables import count_rows
from kolibri_azure_plugin.instances.lease_row import TARGET_VERSION

from .backing_up import Backups, manifest, rewrite
from .jobs import Jobs
from .workers import start_worker

pytestmark = pytest.mark.slow

#: Processes that restore a backup and are killed.
KILLS = int(os.environ.get("KOLIBRI_AZURE_BACKUP_KILLS", "3"))

SOON = 60

#: The kind of a socket's timer, in /proc/net/tcp.
KEEPALIVE = 2

#: A summary of what the learner has done with a resource.
WORK = f"""
from kolibri.core.auth.models import FacilityUser
from kolibri.core.logger.models import ContentSummaryLog
from django.utils import timezone
learner = FacilityUser.objects.get(username={LEARNER!r})
ContentSummaryLog.objects.create(
    user=learner, content_id="c" * 32, channel_id="d" * 32, kind="exercise", progress=1,
    time_spent=600, start_timestamp=timezone.now(), end_timestamp=timezone.now())
"""

IDENTITY = """
from morango.models import InstanceIDModel
print("ID", InstanceIDModel.get_or_create_current_instance()[0].id)
"""


#: What both users do after a backup, and for how many of them it is still in the database.
LATER_WORK = "UPDATE kolibriauth_facilityuser SET full_name = 'Later Work'"
IS_THERE = "SELECT count(*) FROM kolibriauth_facilityuser WHERE full_name = 'Later Work'"


@pytest.fixture
def backups(provisioned, postgres, role):
    """A deployment in which a learner has worked, and a folder for backups."""
    postgres.execute(f"ALTER ROLE {role} CREATEDB")
    provisioned.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    return Backups.of(provisioned)


def counts_now(backups):
    """The number of rows of each table."""
    with contextlib.closing(psycopg2.connect(backups.deployment.database_url)) as session:
        return count_rows(session, "public")


@pytest.fixture
def sql(backups, postgres):
    """Run a statement in the database."""
    return lambda text: postgres.execute(text, database=backups.deployment.database)


@pytest.mark.essential
def test_a_damaged_database_is_restored_and_the_learner_finds_the_progress_of_before(backups, sql):
    deployment = backups.deployment
    deployment.require("manage", "--skip-update", "shell", "-c", WORK)
    dump = backups.create()
    before = sql("SELECT id, progress FROM logger_contentsummarylog")
    sql("DROP TABLE logger_contentsummarylog CASCADE")
    sql("DELETE FROM auth_group")
    sql(f"UPDATE kolibriauth_facilityuser SET password = 'lost' WHERE username = '{LEARNER}'")
    sql("CREATE TABLE left_by_an_accident (id int)")
    sql("ALTER TABLE left_by_an_accident OWNER TO kolibri")

    said = backups.require("restore", dump.name, "--replace")

    assert "Restored" in said
    assert sql("SELECT to_regclass('left_by_an_accident')") == [(None,)]
    assert sql("SELECT id, progress FROM logger_contentsummarylog") == before
    deployment.home.mkdir(exist_ok=True)
    with start_gunicorn(deployment, "--workers=1") as site:
        site.wait_until_serving()
        learner = KolibriClient(site.url)
        user = learner.sign_in(LEARNER, LEARNER_PASSWORD)["user_id"]
        found = learner.get(f"/api/logger/userprogress/{user}/")
    assert found["progress"] == 1


def test_everything_but_what_must_differ_is_as_it_was(backups, sql):
    dump = backups.create()
    before = counts_now(backups)
    sql("DELETE FROM kolibriauth_membership")

    backups.require("restore", dump.name, "--replace")

    after = counts_now(backups)
    # The note from which backup the tables come.
    assert after.pop("kolibri_azure_state") == before.pop("kolibri_azure_state") + 1
    assert after == before
    assert sql("SELECT value ->> 'name' FROM kolibri_azure_state WHERE key = 'restored'") == [
        (dump.stem,)
    ]
    owners = sql(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace"
    )
    assert owners == [("kolibri",)]
    checked = backups.deployment.run("manage", "migrate", "--check")
    assert checked.returncode == 0, checked.stderr


def test_the_device_gets_a_new_identity_for_syncing(backups, sql):
    shell = ("manage", "shell", "-c", IDENTITY)
    old = backups.deployment.require(*shell).partition("ID ")[2][:32]
    dump = backups.create()

    backups.require("restore", dump.name, "--replace")

    new = backups.deployment.require(*shell).partition("ID ")[2][:32]
    assert len(old) == len(new) == 32
    assert new != old
    current = "SELECT count(*) FROM morango_databaseidmodel WHERE current"
    assert sql(current) == [(1,)]


def test_data_is_replaced_only_on_request_and_an_empty_database_is_filled(backups, postgres, sql):
    dump = backups.create()
    sql(LATER_WORK)

    refused = backups.run("restore", dump.name)

    assert refused.returncode == 1
    assert "The database is not empty." in refused.stderr
    assert "#backup-needs-replace" in refused.stderr
    assert sql(IS_THERE) == [(2,)]

    database = backups.deployment.database
    postgres.drop_database(database)
    postgres.create_database(database, owner="kolibri")
    backups.require("restore", str(dump))
    assert counts_now(backups)["kolibriauth_facilityuser"] == 2


def test_a_backup_of_a_newer_kolibri_is_refused(backups):
    dump = backups.create()
    rewrite(dump, kolibri="0.21.3")
    refused = backups.run("restore", dump.name, "--replace")
    assert "The backup is of a newer Kolibri." in refused.stderr
    assert "#backup-newer" in refused.stderr


def test_an_unknown_file_is_refused(backups):
    for command in (("verify", "nothing"), ("restore", "/nowhere/nothing.dump", "--replace")):
        refused = backups.run(*command)
        assert refused.returncode == 1
        assert "There is no such backup." in refused.stderr


def test_a_restore_that_fails_leaves_the_database_as_it_was(backups, postgres, sql):
    dump = backups.create()
    sql("DELETE FROM kolibriauth_membership")
    # Of another role, which the user may not drop.
    sql("CREATE VIEW report AS SELECT username FROM kolibriauth_facilityuser")
    before = counts_now(backups)

    refused = backups.run("restore", dump.name, "--replace")

    assert refused.returncode == 1
    assert "The database is as it was." in refused.stderr
    assert "view report depends on table kolibriauth_facilityuser" in refused.stderr
    assert counts_now(backups) == before
    sql("DROP VIEW report")
    backups.require("restore", dump.name, "--replace")


def test_a_file_that_ends_early_although_its_checksum_fits_leaves_the_database_as_it_was(backups):
    dump = backups.create()
    cut = dump.read_bytes()[: dump.stat().st_size * 2 // 3]
    dump.write_bytes(cut)
    rewrite(dump, file_bytes=len(cut), sha256=hashlib.sha256(cut).hexdigest())
    before = counts_now(backups)
    refused = backups.run("restore", dump.name, "--replace")
    assert refused.returncode == 1
    assert "#backup-restore-failed" in refused.stderr
    assert counts_now(backups) == before


def test_a_restore_with_once_is_done_once(backups, sql):
    dump = backups.create()
    backups.require("restore", dump.name, "--replace", "--once")
    sql(LATER_WORK)
    again = backups.require("restore", dump.name, "--replace", "--once")
    assert "already" in again
    assert sql(IS_THERE) == [(2,)]


def test_a_restore_with_once_is_not_repeated_after_another_backup_was_restored(backups, sql):
    first, second = backups.create(), backups.create()
    backups.require("restore", first.name, "--replace", "--once")
    backups.require("restore", second.name, "--replace")
    sql(LATER_WORK)
    # As a container that still has its startup command.
    for words in (("--replace", "--once"), ("--once",)):
        again = backups.require("restore", first.name, *words)
        assert "already" in again
        assert f"kolibri manage azure_backup restore {first.name} --replace" in again
    assert sql(IS_THERE) == [(2,)]
    # Without --once, it is.
    backups.require("restore", first.name, "--replace")
    assert sql(IS_THERE) == [(0,)]
    assert sql("SELECT value -> 'names' FROM kolibri_azure_state WHERE key = 'restored'") == [
        ([second.stem, first.stem],)
    ]


def test_a_backup_that_has_been_restored_once_is_needed_no_longer(backups):
    dump = backups.create()
    backups.require("restore", dump.name, "--replace", "--once")
    shutil.rmtree(backups.folder)
    assert "already" in backups.require("restore", dump.name, "--replace", "--once")
    missing = backups.run("restore", dump.name, "--replace")
    assert "There is no such backup." in missing.stderr


def test_a_restore_killed_at_any_moment_leaves_the_old_database_or_the_new_one(
    backups, counts, postgres
):
    dump = backups.create()
    new = manifest(dump)["counts"]
    began = time.monotonic()
    backups.require("restore", dump.name, "--replace")
    whole = time.monotonic() - began
    moments = sorted(random.uniform(0, whole) for _ in range(KILLS))
    outcomes = []
    for moment in moments:
        postgres.execute("DELETE FROM kolibriauth_membership", database=backups.deployment.database)
        old = counts_now(backups)
        process = start(backups, "restore", dump.name, "--replace")
        wait_for(moment)
        kill_all(process)
        wait_until(
            lambda: not restoring(postgres, backups.deployment.database),
            "PostgreSQL to undo it",
            SOON,
        )
        found = counts_now(backups)
        if found == old:
            outcomes.append("old")
        else:
            # Both of the morango identities and the note differ from the manifest.
            for name in ("kolibri_azure_state", "morango_databaseidmodel"):
                found.pop(name)
            assert found == {name: new[name] for name in found}
            outcomes.append("new")
    counts(
        f"restore killed after {[round(each, 2) for each in moments]} s of {whole:.2f}: {outcomes}"
    )
    backups.require("restore", dump.name, "--replace")


def wait_for(seconds):
    """Wait, where the time itself is the condition."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, "the moment", seconds + SOON)


def start(backups, *words):
    return BackgroundProcess(
        backups.command(*words),
        environment=backups.deployment.environment,
        folder=backups.folder,
        log_file=backups.deployment.home.parent / "command.log",
    )


def kill_all(process):
    """Kill the command first, as the kernel would when memory is short, then its programs."""
    for pid in (process.pid, *descendants(process.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.kill()


def restoring(postgres, database):
    """The names of the sessions in which a restore changes the tables."""
    names = [each.application for each in postgres.connections(database)]
    return [name for name in names if name.startswith(f"kolibri {CHANGES}")]


@contextlib.contextmanager
def table_in_use(postgres, database):
    """An administrator reads a table, so a restore can't replace it yet."""
    with contextlib.closing(postgres._connect(database)) as session:
        session.cursor().execute("LOCK TABLE kolibriauth_collection IN ACCESS SHARE MODE")
        yield


@contextlib.contextmanager
def restore_held_up(process, postgres, database):
    """Stop psql in the middle of a restore, for as long as the `with` block takes."""

    def psql():
        if not restoring(postgres, database):
            return None
        return next(
            (pid for pid in descendants(process.pid) if "/psql " in command_line(pid)), None
        )

    with table_in_use(postgres, database):
        pid = wait_until(lambda: psql() or (process.exit_code is not None and -1), "psql", SOON)
        assert pid > 0, process.output
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def seconds_until_probed(port, peer):
    """After how many seconds of silence the kernel asks a local socket's peer for a sign of life.

    https://docs.kernel.org/networking/proc_net_tcp.html
    """
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, _, timer, *_ = line.split()
        kind, when = (int(part, 16) for part in timer.split(":"))
        if (port_of(local), port_of(remote)) == (port, peer):
            # Until the last data are acknowledged, another timer runs.
            return when / os.sysconf("SC_CLK_TCK") if kind == KEEPALIVE else float("inf")
    raise AssertionError(f"no socket from port {port} to {peer}")


def port_of(address):
    return int(address.partition(":")[2], 16)


def test_if_a_machine_is_lost_during_a_restore_the_server_and_psql_notice_it_soon(
    backups, postgres
):
    """Its locks keep all instances away for as long as the server believes that it is there."""
    dump = backups.create()
    restore = start(backups, "restore", dump.name, "--replace")
    with restore_held_up(restore, postgres, backups.deployment.database):
        ((client,),) = postgres.execute(
            "SELECT client_port FROM pg_stat_activity WHERE datname = %s"
            " AND application_name LIKE %s",
            (backups.deployment.database, f"kolibri {CHANGES}%"),
        )
        for port, peer, limit in ((postgres.port, client, 2), (client, postgres.port, 30)):
            wait_until(
                lambda at=port, to=peer, most=limit: seconds_until_probed(at, to) <= most,
                f"a probe within {limit} s",
                SOON,
            )
    assert restore.wait_for_exit(SOON) == 0, restore.output


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


def test_an_administrators_session_is_left_alone(backups, postgres):
    dump = backups.create()
    database = backups.deployment.database
    with contextlib.closing(postgres._connect(database)) as session:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1")
        session.commit()
        backups.require("restore", dump.name, "--replace")
        with session.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kolibriauth_facilityuser")
            assert cursor.fetchone() == (2,)
    assert SUPERUSER
