"""`kolibri manage azure_backup restore`: what it brings back, and what it asks for first."""

from __future__ import annotations

import contextlib
import shutil

import pytest

from devtools.deployment import LEARNER, LEARNER_PASSWORD, SUPERUSER
from devtools.instances import start_gunicorn
from devtools.kolibri_client import KolibriClient

from .backing_up import rewrite
from .restoring import counts_now

pytestmark = pytest.mark.slow

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


def test_an_administrators_session_is_left_alone(backups, postgres):
    dump = backups.create()
    database = backups.deployment.database
    with contextlib.closing(postgres.connect(database)) as session:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1")
        session.commit()
        backups.require("restore", dump.name, "--replace")
        with session.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kolibriauth_facilityuser")
            assert cursor.fetchone() == (2,)
    assert SUPERUSER
