"""What can't move in gets a message, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import zipfile

import pytest

from devtools.school_homes import FACILITY
from tests.long_forms import each_or

from .moved_homes import Site, assert_moved_in, copy_of

pytestmark = pytest.mark.slow


@pytest.fixture
def site(ready_fleet):
    return Site(ready_fleet)


@pytest.fixture
def school(school_home, tmp_path):
    """A copy that a test may damage."""
    return copy_of(school_home, tmp_path)


def no_such_folder(school, folder):
    return folder / "nowhere"


def no_database(school, folder):
    (school.home / "db.sqlite3").unlink()
    return school.home


def another_database(school, folder):
    path = school.home / "db.sqlite3"
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (id)")
    return school.home


def a_text(school, folder):
    (folder / "notes.txt").write_text("no archive")
    return folder / "notes.txt"


def postgresql(school, folder):
    (school.home / "options.ini").write_text("[Database]\nDATABASE_ENGINE = postgres\n")
    return school.home


def a_newer_kolibri(school, folder):
    (school.home / ".data_version").write_text("0.99.0")
    return school.home


def an_old_kolibri(school, folder):
    (school.home / ".data_version").write_text("0.14.7")
    return school.home


def nonsense_as_version(school, folder):
    (school.home / ".data_version").write_text("latest")
    return school.home


def a_changed_byte(school, folder):
    """In the header of a page in the middle of the database."""
    path = school.home / "db.sqlite3"
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    at = len(content) // page // 2 * page
    content[at] ^= 0xFF
    path.write_bytes(content)
    return school.home


def a_cut_database(school, folder):
    path = school.home / "db.sqlite3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return school.home


def a_cut_zip(school, folder):
    whole = shutil.make_archive(str(folder / "school"), "zip", school.home)
    cut = folder / "cut.zip"
    with open(whole, "rb") as file:
        content = file.read()
    cut.write_bytes(content[: len(content) * 3 // 4])
    return cut


def a_zip_with_a_changed_byte(school, folder):
    archive = folder / "school.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(school.home / "db.sqlite3", "db.sqlite3")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    return archive


def a_cut_tar(school, folder):
    whole = shutil.make_archive(str(folder / "school"), "gztar", school.home)
    cut = folder / "cut.tar.gz"
    with open(whole, "rb") as file:
        content = file.read()
    cut.write_bytes(content[: len(content) // 2])
    return cut


def a_zip_with_a_channel_larger_than_the_disk(school, folder):
    """According to its directory, which is written last."""
    archive = folder / "school.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in school.home.rglob("*"):
            packed.write(path, path.relative_to(school.home))
        for info in packed.infolist():
            if "content/storage/" in info.filename and not info.is_dir():
                info.file_size = 1 << 50
    return archive


def a_single_learners_tablet(school, folder):
    """Such a device has no private key for a whole facility."""
    with contextlib.closing(sqlite3.connect(school.home / "db.sqlite3")) as database:
        database.execute("UPDATE morango_certificate SET private_key = NULL")
        database.commit()
    return school.home


#: What failed, and what was found.
MESSAGE = re.compile(r"^(.+)\n  expected: .+\n  found: +(.+)$", re.MULTILINE)

REFUSED = {
    no_such_folder: "moving-in-not-a-home",
    no_database: "moving-in-not-a-home",
    another_database: "moving-in-not-a-home",
    a_text: "moving-in-not-a-home",
    postgresql: "moving-in-not-a-home",
    a_newer_kolibri: "moving-in-version",
    an_old_kolibri: "moving-in-version",
    nonsense_as_version: "moving-in-version",
    a_changed_byte: "moving-in-database",
    a_cut_database: "moving-in-database",
    a_cut_zip: "moving-in-archive",
    a_zip_with_a_changed_byte: "moving-in-archive",
    a_cut_tar: "moving-in-archive",
    a_zip_with_a_channel_larger_than_the_disk: "moving-in-room",
    a_single_learners_tablet: "moving-in-one-learner",
}


def one_of_each_code():
    return {code: (damage, code) for damage, code in REFUSED.items()}.values()


def test_each_bad_input_gets_its_message_and_leaves_nothing_behind(
    site, school_home, tmp_path, counts
):
    site.kolibri.succeed("manage", "check")
    before = site.state()
    for damage, code in each_or(list(REFUSED.items()), *one_of_each_code()):
        folder = tmp_path / damage.__name__
        path = damage(copy_of(school_home, folder), folder)

        refused = site.move_in(path)

        assert refused.code == 1, refused.output
        assert f"#{code}" in refused.output, refused.output
        assert "fix:" in refused.output
        assert "Traceback" not in refused.output
        assert site.temporary_files() == []
        assert site.state() == before
        counts(f"{damage.__name__}: {' Found: '.join(*MESSAGE.findall(refused.stdout))}")
        shutil.rmtree(folder)


def test_a_facility_that_the_home_does_not_have_is_refused_with_those_that_it_has(
    site, school_home
):
    refused = site.move_in(school_home.home, "--facility", "Mountain")

    assert refused.code == 1
    assert "#moving-in-facility" in refused.output
    assert FACILITY in refused.output


def test_a_home_without_its_hidden_files_moves_in(site, school):
    (school.home / ".data_version").unlink()

    moved = site.move_in(school.home, "--no-content")

    assert moved.code == 0, moved.output
    assert_moved_in(school, site, FACILITY)


def test_a_record_that_postgresql_can_not_store_is_named(site, school):
    with contextlib.closing(sqlite3.connect(school.home / "db.sqlite3")) as database:
        [[user]] = database.execute(
            "SELECT id FROM kolibriauth_facilityuser WHERE username = 'hill0'"
        ).fetchall()
        database.execute(
            "UPDATE kolibriauth_facilityuser SET gender = ? WHERE id = ?", ("x" * 300, user)
        )
        database.commit()

    moved = site.move_in(school.home, "--no-content")

    assert moved.code == 1
    assert "#moving-in-difference" in moved.output
    assert user in moved.output
