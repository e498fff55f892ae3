"""Moving in is killed, or finds no room, and continues when the command runs again.

`make moves` is the long form: ten kills.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess

import pytest

from devtools import share
from devtools.deadline import wait_until
from devtools.process import BackgroundProcess
from devtools.school_homes import ANOTHER, FACILITY
from kolibri_azure_plugin.provisioning.moving_in import room
from tests.long_forms import LONG_FORM

from .moved_homes import RESOURCES, Site, assert_moved_in, contents, has_begun, steps_of

pytestmark = pytest.mark.slow

#: Works that are killed, each at another moment.
KILLS = int(os.environ.get("KOLIBRI_AZURE_MOVE_KILLS", "1"))

#: The title of each step begins like this. The last is the import of channels.
STEPS = (
    *("Copying", "Upgrading", "Preparing", "Importing the", "Writing", "Comparing"),
    "Importing channel",
)

#: A kill follows a step's first line within so many seconds.
LATER = 3.0

#: Records that Morango has received, but not written to their tables.
RECEIVED = "SELECT 1 FROM morango_store WHERE dirty_bit"


@pytest.fixture
def site(ready_fleet):
    return Site(ready_fleet)


def test_a_killed_work_leaves_no_process_and_continues(site, school_home, counts):
    before = contents(school_home.home)
    moments = [(STEPS[number % len(STEPS)], random.random() * LATER) for number in range(KILLS)]
    random.shuffle(moments)
    for beginning, later in moments:
        killed_at = kill_work(site, school_home, beginning, later)
        counts(f"kill -9 {later:.1f} s after “{beginning}”, during “{killed_at}”")

    moved = site.move_in(school_home.home)

    assert moved.code == 0, moved.output
    assert contents(school_home.home) == before
    for facility in (FACILITY, ANOTHER):
        assert_moved_in(school_home, site, facility)
    assert site.rows(RESOURCES)
    assert site.temporary_files() == []
    state = site.state()
    assert site.move_in(school_home.home).code == 0
    assert site.state() == state


def kill_work(site, school_home, beginning, later):
    """Kill the work some seconds after a step has begun; return the step in which it was."""
    shell = site.begin_to_move_in(school_home.home)
    shell.wait_until(lambda: has_begun(shell, beginning), beginning, 300)
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: shell.exit_code is not None, "nothing in particular", later)
    at = steps_of(shell)[-1]
    site.kill_work(shell)
    return at


def test_records_that_a_killed_work_has_received_are_written_by_the_next(site, school_home):
    with site.locked("logger_attemptlog", "SHARE"):
        shell = site.begin_to_move_in(school_home.home, "--no-content")
        shell.wait_until(lambda: site.rows(RECEIVED), "records to be received", 300)
        shell.wait_until(lambda: has_begun(shell, "Writing the records"), "the next step", 300)
        site.kill_work(shell)
    assert site.rows(RECEIVED)
    assert set(site.records().facilities()).isdisjoint({FACILITY, ANOTHER})

    moved = site.move_in(school_home.home, "--no-content")

    assert moved.code == 0, moved.output
    assert not site.rows(RECEIVED)
    for facility in (FACILITY, ANOTHER):
        assert_moved_in(school_home, site, facility)


@pytest.fixture
def small_disk(site):
    """A disk for KOLIBRI_HOME, with room for little more than the reserve."""
    if os.geteuid():
        pytest.skip("mounting a tmpfs needs root")
    site.folder.mkdir(parents=True, exist_ok=True)
    size = room.RESERVE // 2**20 + 64
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(site.folder)]
    subprocess.run(mount, check=True)
    try:
        yield site.folder
    finally:
        subprocess.run(["umount", "--lazy", str(site.folder)], check=True)


@LONG_FORM
def test_a_disk_without_room_is_refused_before_and_during_the_work(site, school_home, small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(80 << 20))

    refused = site.move_in(school_home.home)

    assert refused.code == 1
    assert "#moving-in-room" in refused.output
    assert site.temporary_files() == []
    ballast.unlink()

    shell = site.begin_to_move_in(school_home.home)
    shell.wait_until(lambda: has_begun(shell, "Upgrading"), "the upgrade", 120)
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))
    assert shell.wait_for_exit(300) == 1
    assert "#moving-in-room" in shell.output
    assert site.temporary_files() == []
    ballast.unlink()

    moved = site.move_in(school_home.home)
    assert moved.code == 0, moved.output
    assert_moved_in(school_home, site, FACILITY)


@pytest.mark.skipif(not share.can_hang(), reason=share.NO_FUSE)
def test_a_share_that_is_gone_before_or_during_the_work_is_named(site, school_home, tmp_path):
    mount = tmp_path / "mount"
    mount.mkdir()
    command = [
        *share.command_with_share("bind-then-hang", mount, school_home.home),
        *(site.kolibri.python, "-m", "kolibri", "manage", "azure_move_in", mount),
    ]

    def begin(log):
        environment = site.kolibri.environment
        return BackgroundProcess(
            command, environment=environment, folder=tmp_path, log_file=tmp_path / log
        )

    try:
        share.kill(school_home.home)
        with begin("gone.log") as shell:
            assert shell.wait_for_exit(120) == 1
        assert "#moving-in-source-gone" in shell.output
        share.recover(school_home.home)
        with begin("lost.log") as shell:
            shell.wait_until(lambda: has_begun(shell, "Importing the"), "an import", 120)
            share.kill(school_home.home)
            assert shell.wait_for_exit(300) == 1
        assert "#moving-in-" in shell.output
        assert "Traceback" not in shell.output
    finally:
        share.recover(school_home.home)
    assert_moved_in(school_home, site, FACILITY)
    assert site.temporary_files() == []

    moved = site.move_in(school_home.home)
    assert moved.code == 0, moved.output
    assert site.rows(RESOURCES)
