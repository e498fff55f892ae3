"""Which backup leads back from an upgrade that is tried again and again."""

from __future__ import annotations

import logging
import types

import pytest

from kolibri_azure_plugin.database.state import KOLIBRI_VERSION
from kolibri_azure_plugin.facility_data.backups import before_upgrade
from kolibri_azure_plugin.facility_data.backups.apart import BackupFailedError

UPGRADE, LATER = "the upgrade from 0.19.4 to 0.19.5", "the upgrade from 0.19.4 to 0.19.6"
DUMP = "/data/backups/kolibri-20261129T210000Z-upgrade.dump"

SETTINGS = types.SimpleNamespace(
    backup_folder="/data/backups", upgrade_backup_megabytes=10_000, upgrade_backup_timeout=600
)


class StateOfTests:
    """The state of a small database in which nothing is older than an hour."""

    def __init__(self):
        self._values = {KOLIBRI_VERSION: "0.19.4"}

    def get(self, key):
        return self._values.get(key)

    def set(self, key, value):
        self._values[key] = value

    def rows(self, statement, *_values):
        return [(True,)] if statement == before_upgrade.IS_FRESH else [(1000,)]


@pytest.fixture
def state():
    return StateOfTests()


@pytest.fixture
def share(monkeypatch):
    """A share for backups that can be away, and the upgrades before which it got a backup."""
    share = types.SimpleNamespace(is_away=False, backups=[])

    def run(words, _seconds):
        if share.is_away:
            raise BackupFailedError("the share does not answer")
        share.backups.append(words[1])
        return [f"{DUMP}.{len(share.backups)}"]

    monkeypatch.setattr(before_upgrade.apart, "run", run)
    return share


def back_up(state, migrations, upgrade=UPGRADE):
    before_upgrade.back_up(state, SETTINGS, upgrade, migrations)


@pytest.mark.parametrize("upgrade", [UPGRADE, LATER], ids=["same", "to a later version"])
def test_a_database_that_an_upgrade_has_changed_is_not_backed_up(upgrade, state, share, caplog):
    share.is_away = True
    back_up(state, migrations=300)
    share.is_away = False
    back_up(state, migrations=301, upgrade=upgrade)
    assert share.backups == []
    assert f"No backup is made before {upgrade}, which has already changed" in caplog.text


def test_until_the_first_change_each_try_makes_the_missing_backup(state, share, caplog):
    share.is_away = True
    back_up(state, migrations=300)
    share.is_away = False
    with caplog.at_level(logging.INFO):
        back_up(state, migrations=300)
    assert f"The way back from {UPGRADE}: {DUMP}.1" in caplog.text


@pytest.mark.parametrize("upgrade", [UPGRADE, LATER], ids=["same", "to a later version"])
def test_after_a_change_the_backup_of_before_is_the_way_back(upgrade, state, share, caplog):
    back_up(state, migrations=300)
    with caplog.at_level(logging.INFO):
        back_up(state, migrations=301, upgrade=upgrade)
    assert share.backups == [UPGRADE]
    assert f"An earlier start made the backup of before {upgrade}: {DUMP}.1" in caplog.text


def test_the_next_upgrade_begins_anew(state, share):
    share.is_away = True
    back_up(state, migrations=300)
    before_upgrade.forget(state)
    share.is_away = False
    back_up(state, migrations=310)
    state.set(KOLIBRI_VERSION, "0.19.6")
    back_up(state, migrations=320, upgrade="the upgrade from 0.19.6 to 0.19.7")
    assert len(share.backups) == 2
