"""A start that migrates makes a backup before, and an upgrade that failed is undone with it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import kolibri
import pytest

from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri
from devtools.old_kolibri import OldKolibri
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from kolibri_azure_plugin.facility_data.backups.manifest import now, parse_time

from .backing_up import FOLDER, manifest
from .conftest import PASSWORD
from .jobs import MODULES

pytestmark = pytest.mark.slow

OLD = "0.19.4"
UPGRADE = f"the upgrade from {OLD} to {kolibri.__version__}"

PROVISION = (
    *("manage", "provisiondevice", "--facility", "Old school", "--preset", "nonformal"),
    *("--superusername", "admin", "--superuserpassword", "old-password", "--language_id", "en"),
    *("--verbosity", "0", "--noinput"),
)

SLOW = """#!/bin/sh
[ "$1" = --version ] && exec echo "pg_dump (PostgreSQL) 99.0"
exec sleep 600
"""

TEMPLATE = "kolibri_of_the_old_image"

FAILS_AT_ONCE = {"GROWING_PLUGIN_FAILS": "at once"}

TARGET = "SELECT value #>> '{}' FROM kolibri_azure_state WHERE key = 'target_version'"

NAMES = "SELECT full_name FROM kolibriauth_facilityuser"


@pytest.fixture(scope="session")
def old_python():
    """Kolibri 0.19.4 with what the plugin needs."""
    return OldKolibri.install(OLD, with_plugin=True).python


class Site:
    """A deployment whose image is replaced by a newer one, and back."""

    def __init__(self, fleet, old_python):
        self._fleet = fleet
        self._old_python = old_python
        self.backups = fleet.folder / "backups"
        self.backups.mkdir()
        fleet.settings[FOLDER] = str(self.backups)

    def old(self) -> Kolibri:
        """An instance of the old image."""
        self._fleet.python, self._fleet.plugins, self._fleet.modules = self._old_python, (), ()
        return self._fleet.instance("old")

    def new(self, **settings) -> Kolibri:
        """A container of the new image, with the new version of a plugin, which migrates."""
        self._fleet.python = sys.executable
        self._fleet.plugins, self._fleet.modules = ("growing_plugin",), (MODULES,)
        return self._fleet.instance(f"new-{len(list(self._fleet.folder.iterdir()))}", settings)

    def dumps(self) -> list[Path]:
        return sorted(self.backups.glob("*.dump"))

    def sql(self, statement):
        return self._fleet.postgres.execute(statement, database=self._fleet.database)


@pytest.fixture(scope="module")
def provisioned_by_old(tmp_path_factory, authority, postgres, role, old_python):
    """A template database that the old image has set up."""
    postgres.create_database(TEMPLATE, owner=role)
    folder = tmp_path_factory.mktemp("old-image")
    fleet = Fleet(folder, postgres, authority, TEMPLATE, role, PASSWORD, python=old_python)
    fleet.instance("old").succeed(*PROVISION)
    yield TEMPLATE
    postgres.drop_database(TEMPLATE)


@pytest.fixture
def site(fleet_on, provisioned_by_old, old_python):
    for fleet in fleet_on(provisioned_by_old):
        yield Site(fleet, old_python)


@pytest.fixture
def slow_programs(tmp_path):
    """Programs that never end, and say that they are the newest."""
    for name in ("pg_dump", "pg_restore", "psql"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(SLOW)
        program.chmod(0o755)
    return {"PATH": os.pathsep.join((str(tmp_path / "bin"), os.environ["PATH"]))}


def test_an_upgrade_that_fails_is_undone_with_the_backup_of_before(site):
    names = site.sql(NAMES)
    failed = site.new(GROWING_PLUGIN_FAILS="1").run("manage", "check")
    assert failed.code != 0
    assert f"Making a backup before {UPGRADE}." in failed.output
    (dump,) = site.dumps()
    assert f"The way back from {UPGRADE}: {dump}" in failed.output
    assert manifest(dump)["kolibri"] == OLD
    assert manifest(dump)["reason"] == f"before {UPGRADE}"
    # The first migration has changed the data.
    assert site.sql(NAMES) == [("Grown",)]

    # The platform starts it again and again.
    again = site.new(GROWING_PLUGIN_FAILS="1").run("manage", "check")
    assert again.code != 0
    assert f"An earlier start made the backup of before {UPGRADE}: {dump}" in again.output
    assert site.dumps() == [dump]

    refused = site.old().run("manage", "check")
    assert refused.code == EXIT_CODE
    assert "The database is half-way between two versions of Kolibri." in refused.output
    assert "1 of its migrations" in refused.output
    assert "#database-half-upgraded" in refused.output

    restored = site.old().run("manage", "azure_backup", "restore", dump.name, "--replace")
    assert restored.code == 0, restored.output
    assert site.sql(NAMES) == names
    started = site.old().run("manage", "check")
    assert started.code == 0, started.output
    assert "Upgrading" not in started.output
    assert site.sql(TARGET) == [(OLD,)]


def test_a_half_migrated_database_is_not_backed_up_as_the_way_back(site):
    # The first try has no folder, and ends after its first migration.
    first = site.new(**{FOLDER: "", "GROWING_PLUGIN_FAILS": "1"}).run("manage", "check")
    assert first.code != 0
    assert f"No backup is made before {UPGRADE}" in first.output
    assert site.sql(NAMES) == [("Grown",)]

    again = site.new(GROWING_PLUGIN_FAILS="1").run("manage", "check")

    assert "The way back" not in again.output
    assert site.dumps() == []
    assert f"No backup is made before {UPGRADE}, which has already changed the data" in again.output
    (moment,) = re.findall(r"A nightly backup of before (\S+) leads back", again.output)
    assert parse_time(moment) <= now()
    # The old image does not promise a backup that was never made.
    refused = site.old().run("manage", "check")
    assert "#database-half-upgraded" in refused.output
    assert "az postgres flexible-server restore" in refused.output


def test_the_old_image_goes_on_after_an_upgrade_that_changed_nothing(site):
    assert site.new(**FAILS_AT_ONCE).run("manage", "check").code != 0
    assert site.sql(TARGET) == [(f"{kolibri.__version__}, being prepared",)]

    started = site.old().run("manage", "check")

    assert started.code == 0, started.output
    assert (
        f"An upgrade to Kolibri {kolibri.__version__} was begun, and given up before it changed "
        f"the database. Kolibri {OLD} goes on."
    ) in started.output
    # So its workers may run again.
    assert site.sql(TARGET) == [(OLD,)]
    # What is recorded from now on is in the backup of the next try.
    assert site.new().run("manage", "check").code == 0
    assert len(site.dumps()) == 2


def test_a_later_try_of_an_upgrade_that_changed_nothing_makes_a_new_backup(site):
    first = site.new(**FAILS_AT_ONCE).run("manage", "check")
    assert "Making a backup" in first.output
    assert "Making a backup" not in site.new(**FAILS_AT_ONCE).run("manage", "check").output
    assert len(site.dumps()) == 1

    site.sql(
        "UPDATE kolibri_azure_state SET updated_at = updated_at - interval '2 hours'"
        " WHERE key = 'backed_up_before'"
    )

    assert "Making a backup" in site.new(**FAILS_AT_ONCE).run("manage", "check").output
    assert len(site.dumps()) == 2


def test_an_upgrade_that_succeeded_is_undone_too_although_the_old_image_refuses_the_database(site):
    names = site.sql(NAMES)
    upgraded = site.new().run("manage", "check")
    assert upgraded.code == 0, upgraded.output
    (dump,) = site.dumps()
    assert site.old().run("manage", "check").code == EXIT_CODE

    restored = site.old().run("manage", "azure_backup", "restore", dump.name, "--replace", "--once")

    assert restored.code == 0, restored.output
    assert site.sql(NAMES) == names
    assert site.old().run("manage", "check").code == 0
    # And forward again, with another backup.
    assert site.new().run("manage", "check").code == 0
    assert len(site.dumps()) == 2


def test_of_several_upgrades_the_last_three_backups_are_kept(site):
    for number in range(5):
        done = site.new().run("manage", "check")
        assert done.code == 0, done.output
        site.sql("DELETE FROM django_migrations WHERE app = 'growing_plugin'")
        older = (
            """UPDATE kolibri_azure_state SET value = '"0.19.4"' WHERE key = 'kolibri_version'"""
        )
        site.sql(older)
        assert len(site.dumps()) == min(number + 1, 3)


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({FOLDER: ""}, f"{FOLDER} is not set"),
        ({"KOLIBRI_AZURE_UPGRADE_BACKUP_MEGABYTES": "1"}, "allows 1.0 MB"),
        ({FOLDER: "/nowhere"}, "There is no backup of before"),
    ],
    ids=["no folder", "too large", "no such folder"],
)
def test_without_a_backup_the_upgrade_goes_on_and_the_log_says_why(settings, reason, site):
    done = site.new(**settings).run("manage", "check")
    assert done.code == 0, done.output
    assert reason in done.output
    assert site.sql(NAMES) == [("Grown",)]


def test_a_backup_that_takes_too_long_is_given_up(site, slow_programs):
    settings = {"KOLIBRI_AZURE_UPGRADE_BACKUP_TIMEOUT": "5", **slow_programs}
    done = site.new(**settings).run("manage", "check")
    assert done.code == 0, done.output
    assert "it was not done after 5 s" in done.output
    assert site.sql(NAMES) == [("Grown",)]
    assert site.dumps() == []


def test_a_start_that_does_not_migrate_makes_none(site):
    assert site.new().run("manage", "check").code == 0
    made = site.dumps()
    assert site.new().run("manage", "check").code == 0
    assert site.dumps() == made
    assert os.listdir(site.backups)
