"""A backup that was cut or changed is found, and only one that was restored counts as verified."""

from __future__ import annotations

import pytest

from .backing_up import manifest, rewrite, scratch_databases

pytestmark = pytest.mark.slow


def test_a_file_that_was_cut_or_changed_is_found(backups):
    dump = backups.create()
    whole = dump.read_bytes()
    middle = len(whole) // 2
    for damaged, found in (
        (whole[:-1], "bytes instead of"),
        (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], "its checksum differs"),
        (b"", "it has 0 bytes"),
    ):
        dump.write_bytes(damaged)
        for command in (("verify", dump.name), ("restore", dump.name, "--replace")):
            refused = backups.run(*command)
            assert refused.returncode == 1
            assert found in refused.stderr
            assert "#backup-damaged" in refused.stderr
    assert "can't be used" in backups.require("list")


@pytest.mark.parametrize(
    "text, found",
    [
        (None, "there is no kolibri-"),
        ("{}", "it is not a manifest"),
        ("half of a man", "it is not a manifest"),
        ('{"format": 9}', "it is not a manifest"),
    ],
    ids=["none", "empty", "cut", "of the future"],
)
def test_a_backup_without_its_manifest_is_not_used(text, found, backups):
    dump = backups.create()
    beside = dump.with_suffix(".json")
    if text is None:
        beside.unlink()
    else:
        beside.write_text(text)
    refused = backups.run("verify", dump.name)
    assert found in refused.stderr
    assert "#backup-damaged" in refused.stderr
    assert "can't be used" in backups.require("list")


def test_a_backup_whose_rows_are_not_those_that_were_counted_is_not_verified(backups):
    dump = backups.create()
    counts = manifest(dump)["counts"]
    rewrite(dump, counts={**counts, "kolibriauth_facilityuser": 3})
    refused = backups.run("verify", dump.name)
    assert "kolibriauth_facilityuser: 2 instead of 3" in refused.stderr
    assert "not yet" in backups.require("list")


def test_without_the_right_to_create_databases_the_grant_is_printed(backups, postgres, role):
    dump = backups.create()
    postgres.execute(f"ALTER ROLE {role} NOCREATEDB")
    refused = backups.run("verify", dump.name)
    assert refused.returncode == 1
    assert "The checksum of" in refused.stdout
    assert f"psql -d postgres -c 'ALTER ROLE \"{role}\" CREATEDB'" in refused.stderr
    assert "#backup-not-tried" in refused.stderr


def test_what_a_killed_verification_left_is_removed_by_the_next(backups, postgres, role):
    dump = backups.create()
    left = f"{backups.deployment.database}_verify_0123456789ab"
    other = f"{backups.deployment.database}_verify_school"
    for name in (left, other):
        postgres.create_database(name, owner=role)
    try:
        backups.require("verify", dump.name)
        assert scratch_databases(postgres) == [(other,)]
    finally:
        postgres.drop_database(other)
