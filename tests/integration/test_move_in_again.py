"""A home moves in in parts, again later, and while others want to."""

from __future__ import annotations

import shutil

import pytest

from devtools.channel.content import VIDEO_TITLE
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER
from devtools.school_homes import ADMINISTRATOR, ANOTHER, FACILITY
from devtools.syncing.school import run_steps, step
from tests.long_forms import LONG_FORM

from .moved_homes import RESOURCES, Site, assert_moved_in, copy_of

pytestmark = pytest.mark.slow

LEARNERS_NAMES = "SELECT full_name FROM kolibriauth_facilityuser WHERE username LIKE 'hill%'"


#: The served copy loads its views for longer than Kolibri's sync waits for the first answer: 10 s.
SLOW_VIEWS = """
import sys
import time

class SlowViews:
    def find_spec(self, name, *_):
        command = open("/proc/self/cmdline").read()
        if name == "kolibri.core.public.api" and "copy_process" in command:
            sys.meta_path.remove(self)
            time.sleep(12)

sys.meta_path.insert(0, SlowViews())
"""


@pytest.fixture
def site(ready_fleet):
    return Site(ready_fleet)


def test_a_copy_that_answers_late_on_a_busy_machine_moves_in(ready_fleet, school_home, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SLOW_VIEWS)
    ready_fleet.modules = (*ready_fleet.modules, tmp_path)

    moved = Site(ready_fleet).move_in(school_home.home, "--facility", ANOTHER, "--no-content")

    assert moved.code == 0, moved.output


def test_one_facility_comes_alone_without_channels_and_keeps_its_superuser(site, school_home):
    moved = site.move_in(
        school_home.home, "--facility", FACILITY, "--no-content", "--keep-superusers"
    )

    assert moved.code == 0, moved.output
    assert_moved_in(school_home, site, FACILITY)
    assert ANOTHER not in site.records().facilities()
    assert not site.rows(RESOURCES)
    superusers = site.rows(
        "SELECT username FROM device_devicepermissions JOIN kolibriauth_facilityuser"
        " ON id = user_id WHERE is_superuser ORDER BY username"
    )
    assert superusers == [(SUPERUSER,), (ADMINISTRATOR,)]
    assert "Superusers here now" in moved.stdout


def test_content_in_another_folder_is_found_by_options_ini(site, school_home, tmp_path):
    school = copy_of(school_home, tmp_path)
    shutil.move(school.home / "content", tmp_path / "on-a-disk")
    (school.home / "content").mkdir()
    options = f"[Paths]\nCONTENT_DIR = {tmp_path / 'on-a-disk'}\n"
    (school.home / "options.ini").write_text(options)

    moved = site.move_in(school.home, "--facility", ANOTHER)

    assert moved.code == 0, moved.output
    assert VIDEO_TITLE in {title for (title,) in site.rows(RESOURCES)}


@LONG_FORM
def test_a_later_copy_brings_what_the_school_did_and_an_earlier_one_nothing(
    site, school_home, tmp_path
):
    school = copy_of(school_home, tmp_path)
    assert site.move_in(school.home, "--no-content").code == 0
    facility = school.records().facilities()[FACILITY]
    run_steps(
        school,
        step("make_records", facility, "later", 100, 2),
        step("rename_learners", facility),
    )

    moved = site.move_in(school.home, "--no-content")

    assert moved.code == 0, moved.output
    assert_moved_in(school, site, FACILITY)
    names = {name for (name,) in site.rows(LEARNERS_NAMES)}
    assert names == {f"Learner hill {number} the Second" for number in range(3)}

    run_steps(site.kolibri, step("rename_learners", facility))
    assert site.move_in(school_home.home, "--no-content").code == 0
    assert site.move_in(school.home, "--no-content").code == 0
    names = {name for (name,) in site.rows(LEARNERS_NAMES)}
    assert names == {f"Learner hill {number} the Second the Second" for number in range(3)}


def test_the_work_outlives_its_shell_and_others_follow_it_or_wait(site, school_home, tmp_path):
    other = copy_of(school_home, tmp_path)
    shell = site.kolibri.begin("manage", "azure_move_in", str(school_home.home), log="shell.log")
    shell.wait_until(lambda: "Upgrading" in shell.output, "the work to begin", 120)
    shell.kill()

    follower = site.kolibri.begin(
        "manage", "azure_move_in", str(school_home.home), log="follower.log"
    )
    refused = site.move_in(other.home)
    elsewhere = Site(site.fleet, "another-instance").move_in(other.home)

    assert refused.code != 0
    assert "Another home is moving in" in refused.output
    assert elsewhere.code != 0
    assert "A home is moving in on another instance" in elsewhere.output
    wait_until(lambda: follower.exit_code is not None, "the home to be in", 300)
    assert follower.exit_code == 0, follower.output
    assert "This work is already running. Following it." in follower.output
    assert_moved_in(school_home, site, FACILITY)
    assert_moved_in(school_home, site, ANOTHER)
