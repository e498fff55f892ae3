"""Homes of stock Kolibri move in, and the schools sync with the site from then on.

`make moves` is the long form: every version, and a school of 2,000 learners.
"""

from __future__ import annotations

import os
import shutil
import time

import kolibri
import pytest

from devtools.channel.content import CHANNEL_ID, EXERCISE_TITLE, PAGE_TITLE, VIDEO_TITLE
from devtools.school_homes import ADMINISTRATOR, ANOTHER, FACILITY, Size, make_home
from devtools.syncing.cloud import Cloud
from devtools.syncing.school import run_steps, step
from tests.long_forms import IS_LONG

from .moved_homes import (
    PASSWORDS,
    RESOURCES,
    SECONDS,
    Site,
    assert_moved_in,
    assert_passwords_unchanged,
    contents,
)

pytestmark = pytest.mark.slow

#: The versions of the homes: `present`, and those of devtools/school_homes.py.
VERSIONS = os.environ.get(
    "KOLIBRI_AZURE_MOVE_VERSIONS", "present,0.18.4" if IS_LONG else "0.18.4"
).split(",")

#: Learners and records of the large school; 0 leaves it out.
LEARNERS = int(os.environ.get("KOLIBRI_AZURE_MOVE_LEARNERS", "0"))
RECORDS = int(os.environ.get("KOLIBRI_AZURE_MOVE_RECORDS", "0"))


#: How the homes arrive, in turn.
FORMS = ("folder", "zip", "gztar")


@pytest.fixture
def site(ready_fleet):
    return Site(ready_fleet)


def number_of(version):
    return kolibri.__version__ if version == "present" else version


def packed(school, form, folder):
    """The home as a folder, or in an archive with the folder's name."""
    if form == "folder":
        return school.home
    return shutil.make_archive(str(folder / "school"), form, folder, school.home.name)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_school_moves_in_and_syncs_from_then_on(ready_fleet, version, tmp_path, counts):
    school = make_home(tmp_path, number_of(version))
    form = FORMS[VERSIONS.index(version) % len(FORMS)]
    path = packed(school, form, tmp_path)
    before = contents(school.home)
    with Cloud(ready_fleet, instances=1) as cloud:
        site = Site(ready_fleet, "cloud-1")
        own = [name for name, _ in site.rows(PASSWORDS)]
        state = site.state()
        dry = site.move_in(path, "--dry-run")
        assert dry.code == 0, dry.output
        for part in (
            f"Facility {FACILITY} (",
            f"Facility {ANOTHER} (",
            "5 users, 2 classes, 1 lesson, 1 quiz, 3 sessions, 285 attempts",
            f"not here: {ADMINISTRATOR} of facility {FACILITY}",
            f"({CHANNEL_ID})",
            "nothing was imported",
        ):
            assert part in dry.stdout, dry.stdout
        assert site.state() == state

        began = time.perf_counter()
        moved = site.move_in(path)
        seconds = time.perf_counter() - began
        assert moved.code == 0, moved.output
        # Before a test opens the database, which makes files.
        assert contents(school.home) == before
        for facility in (FACILITY, ANOTHER):
            assert_moved_in(school, site, facility)
            assert f"Facility {facility} (" in moved.stdout
        assert_passwords_unchanged(school, site, *own)
        titles = {title for (title,) in site.rows(RESOURCES)}
        assert titles == {VIDEO_TITLE, EXERCISE_TITLE, PAGE_TITLE}
        assert f"not here: {ADMINISTRATOR} of facility {FACILITY}" in moved.stdout

        state = site.state()
        again = site.move_in(path)
        assert again.code == 0, again.output
        assert "It is here already, with" in again.stdout
        assert site.state() == state
        assert site.temporary_files() == []

        facility = school.records().facilities()[FACILITY]
        sync = step("sync", cloud.url, facility)
        run_steps(school, step("make_records", facility, "later", 100, 2), sync)
        assert_moved_in(school, site, FACILITY)
        run_steps(site.kolibri, step("make_records", facility, "fromsite", 100, 2))
        assert site.records().of_facility(facility) != school.records().of_facility(facility)
        run_steps(school, sync)
        assert_moved_in(school, site, FACILITY)
    counts(f"Kolibri {number_of(version)} as {form}: moved in within {seconds:.0f} s")


# Longer than other tests may take.
@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.skipif(not LEARNERS, reason="set KOLIBRI_AZURE_MOVE_LEARNERS, or run `make moves`")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_large_school_moves_in(site, version, tmp_path, counts):
    size = Size(LEARNERS, RECORDS)
    school = make_home(tmp_path, number_of(version), size)
    megabytes = (school.home / "db.sqlite3").stat().st_size / 2**20
    began = time.perf_counter()
    moved = site.move_in(school.home)
    seconds = time.perf_counter() - began
    assert moved.code == 0, moved.output
    assert_moved_in(school, site, FACILITY)
    facility = school.records().facilities()[FACILITY]
    [[attempts]] = site.rows("SELECT count(*) FROM logger_attemptlog")
    counts(
        f"Kolibri {number_of(version)}, {LEARNERS} learners, {attempts} attempts, "
        f"{megabytes:.0f} MiB: {seconds:.0f} s; {site.records().of_facility(facility)}"
    )
