"""Channels of which the home lacks files, or whose home is gone, are never taken for complete."""

from __future__ import annotations

import pytest

from devtools.channel.content import CHANNEL_ID, EXERCISE_TITLE, PAGE_TITLE, VIDEO_TITLE
from devtools.school_homes import ANOTHER
from tests.long_forms import LONG_FORM

from .moved_homes import RESOURCES, Site, copy_of, has_begun

pytestmark = pytest.mark.slow

OPTIONS = ("--facility", ANOTHER)

ALL = {VIDEO_TITLE, EXERCISE_TITLE, PAGE_TITLE}


@pytest.fixture
def site(ready_fleet):
    return Site(ready_fleet)


@pytest.fixture
def school(school_home, tmp_path):
    """A copy whose files a test may remove."""
    return copy_of(school_home, tmp_path)


def test_a_file_that_the_home_lacks_is_named_and_comes_with_the_next_run(site, school, tmp_path):
    [video] = (school.home / "content" / "storage").rglob("*.mp4")
    aside = video.rename(tmp_path / video.name)

    moved = site.move_in(school.home, *OPTIONS)

    assert moved.code == 1, moved.output
    assert "#moving-in-channel" in moved.output
    assert f"1 file is missing in the home: {video.name}" in moved.output
    assert "Everything is here" not in moved.output
    assert titles(site) == ALL - {VIDEO_TITLE}
    aside.rename(video)
    again = site.move_in(school.home, *OPTIONS)
    assert again.code == 0, again.output
    assert titles(site) == ALL


@LONG_FORM
def test_a_home_that_is_gone_during_the_import_of_a_channel_is_named(site, school, tmp_path):
    site.kolibri.succeed("manage", "importchannel", "disk", CHANNEL_ID, school.home)
    with site.locked("content_localfile", "ACCESS EXCLUSIVE"):
        shell = site.begin_to_move_in(school.home, *OPTIONS)
        shell.wait_until(lambda: has_begun(shell, "Importing channel"), "the channel", 600)
        shell.wait_until(site.waiting, "the import of its files to wait", 120)
        # As after the unmount of a share: the path is there, and nothing is in it.
        aside = school.home.rename(tmp_path / "on the share")
        school.home.mkdir()

    assert shell.wait_for_exit(300) == 1, shell.output
    assert "#moving-in-source-gone" in shell.output
    assert "Everything is here" not in shell.output
    school.home.rmdir()
    aside.rename(school.home)
    again = site.move_in(school.home, *OPTIONS)
    assert again.code == 0, again.output
    assert titles(site) == ALL


def titles(site):
    return {title for (title,) in site.rows(RESOURCES)}
