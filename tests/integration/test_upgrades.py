"""Migrations and upgrades run once, however many instances start and however they end.

`make kills` is the long form: ten killed instances.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
from collections.abc import Iterator, Mapping
from typing import Any

import kolibri
import psycopg2
import pytest

from devtools.deadline import wait_until
from devtools.fleet import Fleet
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from kolibri_azure_plugin.instances.startup_lock import LOCK_NAME

from .statement_kills import MODULES, killed_before

INSTALLING = "The database is empty: installing"
STARTERS = 8
OLD_USERS = 1

#: Instances that start at once and are killed while they migrate; then as many start unharmed.
KILLS = int(os.environ.get("KOLIBRI_AZURE_UPGRADE_KILLS", "2"))

#: A start is killed within this many statements: few enough that no installation finishes.
SOON = 20

#: The name of a test's session that holds the lock.
HOLDER = "kolibri start lock of the test"

#: One-time steps of Kolibri 0.19.5 with the data of 0.18.4.
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
    waiting = f"Waiting for another instance that prepares the database ({HOLDER})"
    with start_lock_held(fleet):
        processes += [cold_start(fleet, number) for number in range(STARTERS)]
        for process in processes:
            process.wait_until(lambda each=process: waiting in each.output, "it to wait", 120)

    assert [process.wait_for_exit(120) for process in processes] == [0] * STARTERS
    assert sum(INSTALLING in process.output for process in processes) == 1
    assert_completely_migrated(fleet)


@pytest.mark.slow
def test_a_migrating_instance_that_is_killed_hands_over_to_the_next_each_time(
    fleet, processes, counts
):
    drawn = [random.randrange(SOON) for _ in range(KILLS)]
    counts(f"migrating instances are killed before their statements {drawn}")
    killed = [
        cold_start(fleet, f"killed-{number}", killed_before(fleet, at))
        for number, at in enumerate(drawn)
    ]
    processes += killed
    assert [process.wait_for_exit(180) for process in killed] == [-signal.SIGKILL] * KILLS

    survivors = [cold_start(fleet, number) for number in range(KILLS)]
    processes += survivors
    assert [process.wait_for_exit(180) for process in survivors] == [0] * KILLS
    assert sum(INSTALLING in process.output for process in survivors) == 1
    counts(f"after {KILLS} kills, as many starts succeeded")
    assert_completely_migrated(fleet)


@pytest.mark.slow
def test_data_of_an_older_kolibri_is_upgraded_exactly_once_by_containers_without_a_home(
    old_fleet, processes, counts
):
    counted = old_fleet.folder / "upgrades"
    old_fleet.plugins, old_fleet.modules = ("upgrade_counter",), (MODULES,)
    old_fleet.settings["UPGRADE_COUNTER_FILE"] = str(counted)

    processes += [cold_start(old_fleet, number) for number in (1, 2)]
    assert [process.wait_for_exit(180) for process in processes] == [0, 0]
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
    with start_lock_held(fleet) as upgrading:
        waiting = cold_start(fleet, 1)
        processes.append(waiting)
        wait_until(lambda: "Waiting for another instance" in waiting.output, "it to wait", 30)
        with upgrading.cursor() as cursor:
            cursor.execute(
                "INSERT INTO kolibri_azure_state VALUES ('kolibri_version', '\"0.21.3\"')"
            )
        upgrading.commit()

    assert waiting.wait_for_exit(30) == EXIT_CODE
    assert "This image is older than the database." in waiting.output
    assert not table_exists(fleet, "django_migrations")


@pytest.mark.slow
def test_two_instances_that_provision_from_a_file_at_once_make_one_facility(fleet, processes):
    file = fleet.folder / "provision.json"
    superuser = {"username": "admin", "password": "a-long-password"}
    file.write_text(json.dumps({"facility_name": "School", "superuser": superuser}))
    fleet.settings["KOLIBRI_AUTOMATIC_PROVISION_FILE"] = str(file)

    processes += [cold_start(fleet, number) for number in range(2)]

    assert [process.wait_for_exit(120) for process in processes] == [0, 0]
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
    server.wait_until_serving(30)


def test_a_web_server_ends_when_no_process_prepares_the_database(fleet, processes):
    timeout = {"KOLIBRI_AZURE_STARTUP_TIMEOUT": "2"}
    server = fleet.instance("server", timeout).gunicorn("--preload")
    processes.append(server)

    assert server.wait_for_exit(30) != 0

    assert "The database is not ready for this version of Kolibri." in server.output
    assert "#database-not-prepared" in server.output


def test_a_database_of_an_unknown_version_of_kolibri_is_left_alone(fleet):
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
    assert "This command needs PostgreSQL" in worker.output
    assert (instance.home / ".data_version").read_text() == kolibri.__version__
    assert "New install" in worker.output


def test_status_and_stop_need_no_database(fleet):
    instance = fleet.instance("home", port=9)

    assert "Stopped" in instance.run("status").output
    assert instance.run("stop").code == 0


def cold_start(
    fleet: Fleet, name: object, settings: Mapping[str, str] | None = None
) -> BackgroundProcess:
    """A start in its own container, which ends when Kolibri would begin to serve."""
    return fleet.instance(f"home-{name}", settings).begin("manage", "check")


@contextlib.contextmanager
def start_lock_held(fleet: Fleet) -> Iterator[Any]:
    """A session that holds the lock of all starts, like an instance that prepares."""
    session = psycopg2.connect(fleet.url(), application_name=HOLDER)
    with contextlib.closing(session):
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (AdvisoryLock(LOCK_NAME).key,))
        yield session


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
