"""Old uploaded lists are removed by a process of its own, since the share may hang."""

from __future__ import annotations

import os
import time

import pytest

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.housekeeping import uploads_process

MINUTE = 60

#: Seconds for the process on a busy machine.
PLENTY = 60.0


@pytest.fixture
def media(tmp_path):
    (tmp_path / "temp").mkdir()
    for name, minutes in (("old", 31), ("new", 29), ("in_use", 44), ("in_use_for_long", 46)):
        file = tmp_path / "temp" / name
        file.write_text("username,password\n")
        written = time.time() - minutes * MINUTE
        os.utime(file, (written, written))
    return tmp_path


def remove(media):
    arguments = {
        "below": "temp",
        "in_use": ["temp/in_use", "temp/in_use_for_long"],
        "seconds": 30 * MINUTE,
        "seconds_in_use": 45 * MINUTE,
    }
    return probe.run_program(uploads_process.PROGRAM, "remove", str(media), arguments, PLENTY)[
        "removed"
    ]


def test_lists_are_removed_by_their_age_and_use(media):
    assert remove(media) == 2
    assert sorted(os.listdir(media / "temp")) == ["in_use", "new"]


def test_a_folder_that_is_not_there_yet_has_no_old_lists(tmp_path):
    assert remove(tmp_path) == 0


def test_what_is_in_a_folder_stays(media):
    (media / "temp" / "folder").mkdir()
    os.utime(media / "temp" / "folder", (0, 0))

    assert remove(media) == 2
    assert (media / "temp" / "folder").is_dir()


def test_a_folder_that_can_not_be_read_is_an_error_with_its_reason(tmp_path):
    (tmp_path / "temp").write_text("not a folder")

    with pytest.raises(OSError, match="Not a directory"):
        remove(tmp_path)
