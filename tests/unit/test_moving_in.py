"""Homes in folders are read in place, and how the progress of a move looks."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sqlite3

import pytest

from kolibri_azure_plugin.content.channels.import_errors import is_retryable
from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in import display as displays
from kolibri_azure_plugin.provisioning.moving_in.display import INTERVAL, Bars, Lines, display
from kolibri_azure_plugin.provisioning.moving_in.files_of_home import content_folder
from kolibri_azure_plugin.provisioning.moving_in.home_copy import make_copy
from kolibri_azure_plugin.provisioning.moving_in.opening import open_source


def test_a_home_may_be_in_a_folder_of_the_path(tmp_path):
    home = tmp_path / "copied" / ".kolibri"
    home.mkdir(parents=True)
    (home / "db.sqlite3").write_text("a database")

    assert open_source(str(tmp_path)).sizes() == {"db.sqlite3": 10}


def test_a_path_without_a_home_is_refused(tmp_path):
    (tmp_path / "content").mkdir()

    with pytest.raises(MovingInError) as refused:
        open_source(str(tmp_path))

    assert refused.value.found == "a folder without db.sqlite3, but with content"


def kolibri_writes(home):
    """A record, within the file."""
    with contextlib.closing(sqlite3.connect(home / "db.sqlite3")) as database:
        database.execute("UPDATE logs SET answer = 'right'")
        database.commit()


def kolibri_finishes(home):
    """What it has written, after which SQLite removes the journal."""
    (home / "db.sqlite3-journal").unlink()


@pytest.mark.parametrize("change", [kolibri_writes, kolibri_finishes])
def test_a_home_that_is_in_use_is_refused_even_if_no_file_grows(change, tmp_path):
    home, target = tmp_path / "home", tmp_path / "target"
    for folder in (home, target):
        folder.mkdir()
    with contextlib.closing(sqlite3.connect(home / "db.sqlite3")) as database:
        database.execute("CREATE TABLE logs AS SELECT 'wrong' AS answer")
    if change is kolibri_finishes:
        (home / "db.sqlite3-journal").write_text("of a transaction")
    for file in home.iterdir():
        # Written before this test: a clock may not move on within one.
        os.utime(file, (1, 1))
    size = (home / "db.sqlite3").stat().st_size

    with pytest.raises(MovingInError) as refused:
        make_copy(open_source(str(home)), str(target), lambda _: change(home))

    assert refused.value.failed == f"The home {home} changed while it was copied."
    assert (home / "db.sqlite3").stat().st_size == size


def test_a_folder_is_read_in_place_and_nothing_is_made_in_it(tmp_path):
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    (home / "content" / "databases").mkdir(parents=True)
    (home / "db.sqlite3").write_text("a database")
    content = open_source(str(home)).content(str(scratch), "")

    with content.with_files(set()) as folder:
        assert (scratch / "content" / "databases").samefile(home / "content" / "databases")
        assert folder == str(scratch)
    assert not (home / "content" / "storage").exists()


def test_a_file_that_is_not_found_is_tried_again_only_if_the_whole_home_is_gone(tmp_path):
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    for name in ("databases", "storage"):
        (home / "content" / name).mkdir(parents=True)
    (home / "db.sqlite3").write_text("a database")
    content = open_source(str(home)).content(str(scratch), "")

    with content.with_files(set()) as folder:
        missing = FileNotFoundError(errno.ENOENT, "missing", f"{folder}/content/storage/a/b/ab.mp4")
        assert not is_retryable(missing, folder)
        home.rename(tmp_path / "on a share that was unmounted")
        assert is_retryable(missing, folder)


def test_the_content_folder_is_the_one_of_options_ini_if_it_is_here(tmp_path):
    options, home = tmp_path / "options.ini", tmp_path / "home"
    for folder in (home / "content", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)

    options.write_text(f"[Paths]\nCONTENT_DIR = {tmp_path}/elsewhere\n")
    assert content_folder(str(home), str(options)) == str(tmp_path / "elsewhere")
    options.write_text("[Paths]\nCONTENT_DIR = /of/another/machine/%(x)s\n")
    assert content_folder(str(home), str(options)) == str(home / "content")


def test_the_channels_of_a_folder_need_no_room(tmp_path):
    home = tmp_path / "home"
    (home / "content").mkdir(parents=True)
    (home / "db.sqlite3").write_text("a database")

    assert open_source(str(home)).content(str(tmp_path / "scratch"), "").room_for({"a.mp4"}) == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """The time, which passes only when a test says so."""
    now = [0.0]
    monkeypatch.setattr(displays.time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_there_is_one_line_in_ten_seconds(clock):
    out = io.StringIO()
    lines = display(out)
    lines.show({"kind": "step", "title": "Importing records", "total": 0, "unit": "records"})
    for second in range(1, 26):
        clock[0] = float(second)
        lines.show({"kind": "done", "done": second * 100, "total": 10_000})
    lines.show({"kind": "done", "done": 10_000, "finished": True})
    lines.show({"kind": "said", "text": "Facility Hill is here."})

    assert isinstance(lines, Lines)
    assert INTERVAL == 10
    assert out.getvalue().splitlines() == [
        "Importing records …",
        "Importing records: 1,000 of 10,000, 100/s, 90 s left",
        "Importing records: 2,000 of 10,000, 100/s, 80 s left",
        "Facility Hill is here.",
    ]


def test_on_a_terminal_there_are_bars_with_rates():
    out = Terminal()
    bars = display(out)
    bars.show({"kind": "step", "title": "Copying", "total": 4 << 20, "unit": "B"})
    bars.show({"kind": "done", "done": 2 << 20})
    bars.show({"kind": "done", "done": 4 << 20, "finished": True})
    bars.show({"kind": "step", "title": "Upgrading", "total": 0, "unit": ""})
    bars.close()

    assert isinstance(bars, Bars)
    shown = out.getvalue()
    assert "Copying:  50%" in shown
    assert "2.00M/4.00M" in shown
    assert "B/s" in shown
    assert "Upgrading: 00:00" in shown
