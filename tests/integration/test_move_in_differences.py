"""What is here after a first import, but not in the home, is an error until it is gone."""

from __future__ import annotations

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from devtools.deadline import wait_until
from devtools.school_homes import FACILITY
from devtools.syncing.school import run_steps, step
from tests.long_forms import LONG_FORM

from .moved_homes import PASSWORDS, Site, assert_moved_in

pytestmark = pytest.mark.slow

OPTIONS = ("--facility", FACILITY, "--no-content")

#: A session that holds this advisory lock makes the import wait among its users.
LOCK = 7

#: While the import writes its users, one is added, and another gets a new password.
INTRUDE = f"""
    CREATE FUNCTION intrude() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE intruder kolibriauth_facilityuser := NEW;
    BEGIN
        IF NEW.username = 'hill0' THEN
            PERFORM pg_advisory_xact_lock({LOCK});
            intruder.id := md5('intruder')::uuid;
            intruder.username := 'intruder';
            INSERT INTO kolibriauth_facilityuser SELECT intruder.*;
        ELSIF NEW.username = 'hill1' THEN
            NEW.password := 'another';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER intrude BEFORE INSERT ON kolibriauth_facilityuser
    FOR EACH ROW EXECUTE FUNCTION intrude()
"""

LEAVE = "DROP TRIGGER intrude ON kolibriauth_facilityuser"

SET_PASSWORD = "UPDATE kolibriauth_facilityuser SET password = %s WHERE username = 'hill1'"

REPORTED = (
    "#moving-in-difference",
    "only here: 1 of kolibriauth_facilityuser",
    "another password: 1 of kolibriauth_facilityuser",
)


PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
REMOVE = re.compile("kolibri manage deletefacility .*")


@pytest.fixture
def site(ready_fleet):
    site = Site(ready_fleet)
    site.kolibri.succeed("manage", "check")
    site.rows(INTRUDE)
    return site


def test_what_an_import_added_is_reported_until_the_facility_is_imported_afresh(site, school_home):
    assert_reported(site.move_in(school_home.home, *OPTIONS))
    site.rows(LEAVE)

    again = site.move_in(school_home.home, *OPTIONS)

    assert_reported(again)
    facility = facility_of(school_home)
    assert facility in again.output
    documented = REMOVE.search(PAGE.read_text())[0].replace("FACILITY", facility)
    site.kolibri.succeed(*documented.split()[1:], "--noninteractive")
    afresh = site.move_in(school_home.home, *OPTIONS)
    assert afresh.code == 0, afresh.output
    assert_moved_in(school_home, site, FACILITY)
    site.rows(SET_PASSWORD, ["changed afterwards"])
    later = site.move_in(school_home.home, *OPTIONS)
    assert later.code == 0, later.output


@LONG_FORM
def test_a_work_killed_before_its_comparison_makes_it_later_but_people_may_work_meanwhile(
    site, school_home
):
    kill_before_comparison(site, school_home)
    site.rows(LEAVE)

    assert_reported(site.move_in(school_home.home, *OPTIONS))

    site.rows("DELETE FROM kolibriauth_facilityuser WHERE username = 'intruder'")
    site.rows(SET_PASSWORD, [dict(school_home.rows(PASSWORDS))["hill1"]])
    [[learner]] = site.rows("SELECT id FROM kolibriauth_facilityuser WHERE username = 'hill0'")
    run_steps(site.kolibri, step("work_on", str(learner), 3))
    facility = facility_of(school_home)
    assert site.records().of_facility(facility) != school_home.records().of_facility(facility)
    moved = site.move_in(school_home.home, *OPTIONS)
    assert moved.code == 0, moved.output


def assert_reported(moved):
    assert moved.code == 1, moved.output
    assert all(part in moved.output for part in REPORTED), moved.output


def facility_of(school):
    return school.records().facilities()[FACILITY]


def kill_before_comparison(site, school_home):
    """Kill the work between the end of the import's transaction and the comparison."""
    url = site.fleet.url()
    with (
        contextlib.closing(psycopg2.connect(url)) as during,
        contextlib.closing(psycopg2.connect(url)) as after,
        ThreadPoolExecutor() as pool,
    ):
        during.cursor().execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        shell = site.begin_to_move_in(school_home.home, *OPTIONS)
        shell.wait_until(lambda: site.waiting() == 1, "the import to write its users", 300)
        lock = "LOCK TABLE kolibriauth_facilityuser IN ACCESS EXCLUSIVE MODE"
        locking = pool.submit(after.cursor().execute, lock)
        wait_until(lambda: site.waiting() == 2, "a session to wait for the import", 60)
        during.rollback()
        locking.result(120)
        site.kill_work(shell)
    assert "Everything is here" not in shell.output
    assert facility_of(school_home) in site.records().facilities().values()
