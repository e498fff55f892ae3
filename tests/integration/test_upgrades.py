"""Migrations and upgrades happen once, however many instances start, however they end."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import time
from pathlib import Path

import kolibri
import psycopg2
import pytest

from devtools.deadline import wait_until
from devtools.fleet import Fleet
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.fail_closed import EXIT_CODE
from kolibri_azure_plugin.instances.advisory_lock import HOLDERS, AdvisoryLock
from kolibri_azure_plugin.instances.one_starter import LOCK_NAME

INSTALLING = "The database is empty: installing"
MODULES = Path(__file__).parent / "modules"
STARTERS = 8
OLD_USERS = 1
KILLS = 10

#: What Kolibri 0.19.5 does once with the data of 0.18.4.
DUE_UPGRADES = {
    "kolibri.core.auth.upgrade.cleanup_legacy_file_sessions",
    "kolibri.core.auth.upgrade.enqueue_kdp_sync_for_registered_facilities",
    "kolibri.core.auth.upgrade.make_foreign_keys_deferrable",
    "kolibri.core.content.upgrade.backfill_content_request_priority_upgrade",
    "kolibri.core.content.upgrade.contentnode_modality_annotation_update",
    "kolibri.core.content.upgrade.populate_channel_library_field",
    "kolibri.core.device.upgrade.allow_other_browsers_to_connect_true",
}


@pytest.mark.slow
def test_of_eight_cold_starts_at_once_one_migrates_and_all_succeed(fleet, processes):
    processes += [cold_start(fleet, number) for number in range(STARTERS)]

    assert [process.wait_until_it_ends(120) for process in processes] == [0] * STARTERS
    assert sum(INSTALLING in process.output for process in processes) == 1
    waiting = [process for process in processes if "Waiting for another instance" in process.output]
    assert all("kolibri start lock" in process.output for process in waiting)
    assert_completely_migrated(fleet)


@pytest.mark.slow
def test_a_migrating_instance_that_is_killed_hands_over_to_the_next_ten_times_over(
    fleet, processes, counts
):
    processes += [cold_start(fleet, number) for number in range(STARTERS)]
    killed: list[BackgroundProcess] = []
    while len(killed) < KILLS:
        migrating = wait_until(
            lambda: the_one_that_prepares(fleet, processes), "a migrating instance", 60
        )
        time.sleep(random.uniform(0.02, 0.4))
        assert migrating.exit_code is None, migrating.output
        migrating.signal(signal.SIGKILL)
        migrating.wait_until_it_ends(10)
        killed.append(migrating)
        processes.append(cold_start(fleet, len(processes)))

    survivors = [process for process in processes if process not in killed]
    assert [process.wait_until_it_ends(180) for process in survivors] == [0] * STARTERS
    assert sum(INSTALLING in process.output for process in survivors) == 1
    counts(f"killed {len(killed)} migrating instances; {len(survivors)} starts succeeded")
    assert_completely_migrated(fleet)


@pytest.mark.slow
def test_data_of_an_older_kolibri_is_upgraded_exactly_once_by_containers_without_a_home(
    old_fleet, processes, counts
):
    counted = old_fleet.folder / "upgrades"
    old_fleet.plugins, old_fleet.modules = ("upgrade_counter",), (MODULES,)
    old_fleet.settings["UPGRADE_COUNTER_FILE"] = str(counted)

    processes += [cold_start(old_fleet, number) for number in (1, 2)]
    assert [process.wait_until_it_ends(180) for process in processes] == [0, 0]
    ran = [line.split()[0] for line in counted.read_text().splitlines()]
    counts(f"upgrade functions that ran in two starts at once: {len(ran)}")
    assert sorted(ran) == sorted(DUE_UPGRADES)

    third = old_fleet.instance("home-3").run("manage", "check")
    assert third.code == 0, third.output
    ran_later = counted.read_text().splitlines()[len(ran) :]
    counts(f"upgrade functions that ran in the third start: {len(ran_later)}")
    assert ran_later == []
    users = "SELECT count(*) FROM kolibriauth_facilityuser"
    assert old_fleet.postgres.execute(users, database=old_fleet.database) == [(OLD_USERS,)]
    assert_completely_migrated(old_fleet)


def test_an_older_image_on_a_newer_database_refuses_to_start_and_says_so(fleet):
    assert fleet.instance("home").run("manage", "--skip-update", "help").code == 0
    fleet.postgres.execute(
        "INSERT INTO kolibri_azure_state (key, value) VALUES ('kolibri_version', '\"0.21.3\"')",
        database=fleet.database,
    )

    refused = fleet.instance("home").run("manage", "check")

    assert refused.code == EXIT_CODE
    assert "This image is older than the database." in refused.output
    assert "Kolibri 0.21.3 or newer" in refused.output
    assert f"Kolibri {kolibri.__version__}" in refused.output
    assert "#database-newer" in refused.output


def test_an_older_image_that_waited_for_an_upgrade_to_a_newer_version_refuses_too(fleet, processes):
    key = AdvisoryLock(LOCK_NAME).key
    with contextlib.closing(psycopg2.connect(fleet.url())) as upgrading:
        with upgrading.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (key,))
        waiting = cold_start(fleet, 1)
        processes.append(waiting)
        wait_until(lambda: "Waiting for another instance" in waiting.output, "it to wait", 30)
        with upgrading.cursor() as cursor:
            cursor.execute(
                "INSERT INTO kolibri_azure_state VALUES ('kolibri_version', '\"0.21.3\"')"
            )
        upgrading.commit()

    assert waiting.wait_until_it_ends(30) == EXIT_CODE
    assert "This image is older than the database." in waiting.output
    assert not table_exists(fleet, "django_migrations")


@pytest.mark.slow
def test_two_instances_that_provision_from_a_file_at_once_make_one_facility(fleet, processes):
    file = fleet.folder / "provision.json"
    superuser = {"username": "admin", "password": "a-long-password"}
    file.write_text(json.dumps({"facility_name": "School", "superuser": superuser}))
    fleet.settings["KOLIBRI_AUTOMATIC_PROVISION_FILE"] = str(file)

    processes += [cold_start(fleet, number) for number in range(2)]

    assert [process.wait_until_it_ends(120) for process in processes] == [0, 0]
    facilities = "SELECT name FROM kolibriauth_collection WHERE kind = 'facility'"
    assert fleet.postgres.execute(facilities, database=fleet.database) == [("School",)]


@pytest.mark.slow
def test_a_web_server_waits_until_somebody_has_upgraded_the_database(ready_fleet, processes):
    older = "UPDATE kolibri_azure_state SET value = '\"0.19.4\"' WHERE key = 'kolibri_version'"
    ready_fleet.postgres.execute(older, database=ready_fleet.database)
    server = ready_fleet.instance("server").gunicorn("--preload")
    processes.append(server)
    wait_until(lambda: "kolibri state" in sessions(ready_fleet), "the server to look", 30)
    assert not server.answers()

    upgrade = ready_fleet.instance("home").run("manage", "check")

    assert "Upgrading the database from Kolibri 0.19.4." in upgrade.output
    server.wait_until_it_answers(30)


def test_a_web_server_ends_when_nobody_prepares_the_database(fleet, processes):
    timeout = {"KOLIBRI_AZURE_STARTUP_TIMEOUT": "2"}
    server = fleet.instance("server", timeout).gunicorn("--preload")
    processes.append(server)

    assert server.wait_until_it_ends(30) != 0

    assert "The database is not ready for this version of Kolibri." in server.output
    assert "#database-not-prepared" in server.output


def test_a_database_of_a_kolibri_that_nobody_can_name_is_not_touched(fleet):
    for statement in (
        "CREATE TABLE django_migrations (app text, name text)",
        "INSERT INTO django_migrations VALUES ('device', '0001_initial')",
        "ALTER TABLE django_migrations OWNER TO kolibri",
    ):
        fleet.postgres.execute(statement, database=fleet.database)

    refused = fleet.instance("home").run("manage", "check")

    assert refused.code == EXIT_CODE
    assert "echo VERSION > $KOLIBRI_HOME/.data_version" in refused.output
    assert "#database-version-unknown" in refused.output
    rows = fleet.postgres.execute("SELECT * FROM django_migrations", database=fleet.database)
    assert rows == [("device", "0001_initial")]


def test_a_role_that_may_not_create_tables_is_told_so(fleet):
    for statement in (
        "ALTER DATABASE {} OWNER TO postgres",
        "REVOKE CREATE ON SCHEMA public FROM public",
        "ALTER SCHEMA public OWNER TO postgres",
    ):
        fleet.postgres.execute(statement.format(fleet.database), database=fleet.database)

    refused = fleet.instance("home").run("manage", "check")

    assert refused.code == EXIT_CODE
    assert "Kolibri may not create tables in its database." in refused.output
    assert "#database-no-create" in refused.output


@pytest.mark.slow
def test_on_sqlite_everything_is_as_kolibri_has_it(fleet):
    instance = fleet.instance("home")
    for variable in ("KOLIBRI_DATABASE_URL", "KOLIBRI_AZURE_DATABASE_SSL_MODE"):
        del instance.environment[variable]

    worker = instance.run("manage", "azure_worker")

    assert worker.code != 0
    assert "Only a deployment on PostgreSQL has instances that take turns." in worker.output
    assert (instance.home / ".data_version").read_text() == kolibri.__version__
    assert "New install" in worker.output


def test_status_and_stop_need_no_database(fleet):
    instance = fleet.instance("home", port=9)

    assert "Stopped" in instance.run("status").output
    assert instance.run("stop").code == 0


def cold_start(fleet: Fleet, number: int) -> BackgroundProcess:
    """A start in a container of its own; it ends when Kolibri would begin to serve."""
    return fleet.instance(f"home-{number}").begin("manage", "check")


def the_one_that_prepares(
    fleet: Fleet, processes: list[BackgroundProcess]
) -> BackgroundProcess | None:
    """The process that holds the lock, by the name of its session."""
    key = AdvisoryLock(LOCK_NAME).key
    holders = fleet.postgres.execute(HOLDERS, (key,), database=fleet.database)
    running = {f"process {process.pid}": process for process in processes}
    for _pid, name in holders:
        found = running.get(name[name.index("process") :])
        if found is not None and found.exit_code is None:
            return found
    return None


def sessions(fleet: Fleet) -> str:
    """The names of all sessions."""
    return " ".join(each.application for each in fleet.postgres.connections(fleet.database))


def table_exists(fleet: Fleet, name: str) -> bool:
    found = fleet.postgres.execute(
        "SELECT to_regclass(%s) IS NOT NULL", (name,), database=fleet.database
    )
    return bool(found[0][0])


def assert_completely_migrated(fleet: Fleet) -> None:
    rows = "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"
    total, distinct = fleet.postgres.execute(rows, database=fleet.database)[0]
    assert total == distinct > 0
    complete = fleet.instance("home-to-look").run("manage", "migrate", "--check")
    assert complete.code == 0, complete.output
