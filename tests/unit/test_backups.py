"""When a nightly backup is due, which are removed, and how sizes and manifests read."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from kolibri_azure_plugin.facility_data.backups import catalogue, listing, nightly
from kolibri_azure_plugin.facility_data.backups.manifest import (
    MANUAL,
    NIGHTLY,
    UPGRADE,
    Manifest,
    UnreadableManifestError,
)
from tests.integration.planted_backups import plant, replace_by_folder

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.timezone.utc)
NIGHT = NOON.replace(hour=2)


def backups_of_age(tmp_path, monkeypatch, hours, at, **details):
    monkeypatch.setattr("tests.integration.planted_backups.now", lambda: at)
    plant(tmp_path, hours=hours, **details)
    return catalogue.find_backups(str(tmp_path))


@pytest.mark.parametrize(
    "hours, at, due",
    [
        (1, NIGHT, False),
        (13, NIGHT, True),
        (24, NIGHT, True),
        (13, NOON, False),
        (25, NOON, False),
        (27, NOON, True),
    ],
)
def test_a_backup_is_due_once_a_night_or_when_a_night_was_missed(
    hours, at, due, tmp_path, monkeypatch
):
    assert nightly.is_due(backups_of_age(tmp_path, monkeypatch, hours, at), at) is due


def test_the_first_one_is_due_at_any_time(tmp_path, monkeypatch):
    assert nightly.is_due([], NOON)
    # One that a person made does not count.
    found = backups_of_age(tmp_path, monkeypatch, 1, NOON, kind=MANUAL)
    assert nightly.is_due(found, NOON)


def test_the_oldest_of_a_kind_are_removed_with_all_their_files(tmp_path):
    manual = plant(tmp_path, hours=100, kind=MANUAL)
    upgrades = [plant(tmp_path, hours=hours, kind=UPGRADE) for hours in (90, 80)]
    nights = [plant(tmp_path, hours=hours) for hours in (72, 48, 24)]
    said = []
    catalogue.remove_old(str(tmp_path), NIGHTLY, 2, said.append)
    assert said == [f"Removed {nights[0].name}."]
    left = {path.name.partition(".")[0] for path in tmp_path.iterdir()}
    assert left == {path.stem for path in (manual, *upgrades, *nights[1:])}
    assert catalogue.find_backups(str(tmp_path))[0].file == manual.name


def left_after_removing(folder, kept):
    """The backups that stay, oldest first."""
    catalogue.remove_old(str(folder), NIGHTLY, kept, print)
    return [each.file for each in catalogue.find_backups(str(folder))]


def test_a_backup_is_good_even_if_an_older_one_can_not_be_removed(tmp_path):
    stuck = plant(tmp_path, hours=48)
    plant(tmp_path, hours=24)
    replace_by_folder(stuck)
    said = []
    catalogue.try_to_remove_old(str(tmp_path), NIGHTLY, 1, said.append)
    assert "Older backups could not be removed: " in said[0]
    assert "Is a directory" in said[0]


@pytest.mark.parametrize("kept", [1, 3])
def test_the_newest_verified_backup_stays_however_many_could_not_be_verified_since(kept, tmp_path):
    plant(tmp_path, hours=200)
    verified = plant(tmp_path, hours=190)
    unverified = [plant(tmp_path, hours=hours, verified=False) for hours in (96, 72, 48, 24)]
    assert left_after_removing(tmp_path, kept) == [
        verified.name,
        *(each.name for each in unverified[-kept:]),
    ]


def test_broken_backups_do_not_push_out_good_ones(tmp_path):
    good = [plant(tmp_path, hours=hours) for hours in (96, 72)]
    for hours in (48, 24):
        plant(tmp_path, hours=hours).write_bytes(b"half")
    assert left_after_removing(tmp_path, 2)[:2] == [each.name for each in good]


def test_broken_backups_are_removed_when_newer_good_ones_are(tmp_path):
    plant(tmp_path, hours=96).write_bytes(b"half")
    plant(tmp_path, hours=72)
    good = [plant(tmp_path, hours=hours) for hours in (48, 24)]
    assert left_after_removing(tmp_path, 2) == [each.name for each in good]


@pytest.mark.parametrize(
    "hours, at, verified, again",
    [(1, NIGHT, False, True), (1, NIGHT, True, False), (1, NOON, False, False)],
    ids=["at night", "already verified", "by day"],
)
def test_a_verification_that_failed_is_tried_again_at_night(
    hours, at, verified, again, tmp_path, monkeypatch
):
    found = backups_of_age(tmp_path, monkeypatch, hours, at, verified=verified)
    assert nightly.unverified(found, at) == (found[0] if again else None)


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    kept = plant(tmp_path, hours=1)
    for name in (f"{kept.stem}-2.dump.partial", f"{kept.stem}-2.json.partial"):
        (tmp_path / name).touch()
    for name in ("school.zip.partial", "notes.json", f"{kept.stem}-3.json"):
        (tmp_path / name).touch()
    catalogue.sweep(str(tmp_path))
    left = {path.name for path in tmp_path.iterdir()}
    assert "school.zip.partial" in left
    assert "notes.json" in left
    # Its backup may be on its way.
    assert f"{kept.stem}-3.json" in left
    assert not [name for name in left if name.startswith(kept.stem) and name.endswith(".partial")]


def test_files_of_other_people_are_no_backups(tmp_path):
    for name in ("school.dump", "kolibri-2026.dump", "kolibri-20261129T210000Z-other.dump"):
        (tmp_path / name).touch()
    assert catalogue.find_backups(str(tmp_path)) == []


def test_a_backup_that_is_removed_while_the_folder_is_listed_is_left_out(tmp_path):
    left = plant(tmp_path, hours=2)
    # In the folder, but without a file, as one that is removed before its size is read.
    gone = tmp_path / "kolibri-20261129T210000Z-nightly.dump"
    gone.symlink_to(tmp_path / "nowhere")
    assert [each.file for each in catalogue.find_backups(str(tmp_path))] == [left.name]


def test_a_list_marks_what_can_not_be_used(tmp_path):
    good, cut = plant(tmp_path, hours=2), plant(tmp_path, hours=1)
    cut.write_bytes(b"half")
    lines = listing.render(catalogue.find_backups(str(tmp_path))).splitlines()
    assert lines[0].startswith("FILE")
    assert good.name in lines[1]
    assert "can't be used" not in lines[1]
    assert "it has 4 bytes instead of 6" in lines[2]


def test_a_manifest_of_a_newer_plugin_is_read_if_its_format_is_known(tmp_path):
    text = plant(tmp_path, hours=1).with_suffix(".json").read_text()
    values = json.loads(text)
    assert Manifest.decode(json.dumps({**values, "a_new_field": 1})).kolibri == "0.19.5"
    for broken in ("", "[]", json.dumps({**values, "format": 2}), json.dumps({"name": "x"})):
        with pytest.raises(UnreadableManifestError):
            Manifest.decode(broken)
