"""A file replaces another that may be in use, and is never missing meanwhile."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kolibri_azure_plugin.content import leftovers_process, mounts, replacing
from kolibri_azure_plugin.errors import ContentShareError

SMB_MOUNT = "36 25 0:40 / {folder} rw,relatime - cifs //server/share rw,soft\n"

NAME = "0123456789abcdef0123456789abcdef.sqlite3"


@pytest.fixture(params=["on SMB", "on a disk"])
def folder(request, tmp_path, monkeypatch):
    """A folder that counts as an SMB share, and one that does not."""
    folder = tmp_path / "content" / "databases"
    folder.mkdir(parents=True)
    table = tmp_path / "mountinfo"
    table.write_text(SMB_MOUNT.format(folder=folder) if request.param == "on SMB" else "")
    monkeypatch.setattr(mounts, "MOUNTINFO", str(table))
    return folder


@pytest.fixture
def path(folder):
    path = folder / NAME
    path.write_bytes(b"old")
    return path


@pytest.fixture
def new(folder):
    new = folder / f"{NAME}.transfer"
    new.write_bytes(b"new")
    return new


def others(path):
    return sorted(set(os.listdir(path.parent)) - {path.name})


def test_the_new_file_takes_the_place_and_readers_go_on_in_the_old_one(path, new):
    with path.open("rb") as reader:
        aside = replacing.move_into_place(lambda: os.replace(new, path), str(path))

        assert path.read_bytes() == b"new"
        assert reader.read() == b"old"
    assert replacing.newest_set_aside(str(path)) == aside
    assert others(path) == [os.path.basename(aside)]


def test_where_there_is_no_old_file_nothing_is_set_aside(folder, new):
    path = folder / NAME

    assert replacing.move_into_place(lambda: os.replace(new, path), str(path)) is None
    assert others(path) == []


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EHOSTDOWN, errno.ENOENT])
def test_the_old_file_is_where_it_was_when_the_new_one_does_not_come(path, number):
    def fail():
        raise OSError(number, os.strerror(number))

    with pytest.raises(OSError, match=os.strerror(number)):
        replacing.move_into_place(fail, str(path))

    assert path.read_bytes() == b"old"
    assert others(path) == []


def test_replacing_waits_for_a_process_that_uses_the_file(path, new, clock_of):
    clock = clock_of(replacing)
    clock.sleep, clock.time_ns = (lambda seconds: setattr(clock, "now", clock.now + seconds)), int
    tries = []

    def refused_twice():
        tries.append(clock.now)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "Permission denied")
        os.replace(new, path)

    replacing.move_into_place(refused_twice, str(path))

    assert path.read_bytes() == b"new"
    assert tries[-1] - tries[0] == 2 * replacing.PAUSE


def test_a_file_that_stays_in_use_is_said_to_be_and_nothing_is_lost(path, clock_of):
    clock = clock_of(replacing)
    clock.sleep, clock.time_ns = (lambda seconds: setattr(clock, "now", clock.now + seconds)), int

    def refuse():
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(ContentShareError, match="while it is open") as raised:
        replacing.move_into_place(refuse, str(path))

    assert raised.value.code == "share-file-in-use"
    assert clock.now - 1000.0 == pytest.approx(replacing.IN_USE_TIMEOUT)
    assert path.read_bytes() == b"old"
    assert others(path) == []


def test_a_task_that_is_cancelled_waits_no_longer(path):
    class CancelledError(Exception):
        pass

    def refuse():
        raise PermissionError(errno.EACCES, "Permission denied")

    def cancel():
        raise CancelledError

    with pytest.raises(CancelledError):
        replacing.move_into_place(refuse, str(path), check_cancelled=cancel)

    assert path.read_bytes() == b"old"


#: Exits at its nth change of the folder, as counted by Python.
KILLED = """
import os, signal, sys
from kolibri_azure_plugin.content import mounts, replacing
mounts.MOUNTINFO, path, step = sys.argv[1], sys.argv[2], int(sys.argv[3])
steps = 0
def count(event, arguments):
    global steps
    if event in ("os.rename", "os.link", "os.remove"):
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
aside = replacing.move_into_place(lambda: os.replace(path + ".transfer", path), path)
replacing.remove_if_possible(aside)
print("ended")
"""


def kill_at(step, path):
    command = [sys.executable, "-c", KILLED, mounts.MOUNTINFO, str(path), str(step)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_killed_at_any_step_the_old_or_the_new_file_is_found_and_takes_its_place(step, path, new):
    killed = kill_at(step, path)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    found = path if path.exists() else replacing.newest_set_aside(str(path))
    assert Path(found).read_bytes() in (b"old", b"new")
    replacing.put_back(str(path))
    assert path.read_bytes() == (b"new" if step == 3 else b"old")
    assert new.exists() == (step < 3)


def test_these_are_all_steps(path, new):
    assert new.exists()
    assert kill_at(4, path).stdout == "ended\n"
    assert others(path) == []


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("wanted", [True, False])
def test_the_next_cleaning_leaves_the_file_alone_in_its_place(step, wanted, path, new):
    killed = kill_at(step, path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    set_aside = [name for name in others(path) if replacing.original_name(name) == NAME]
    there = path.exists()

    leftovers_process.settle(str(path.parent.parent), name=NAME, set_aside=set_aside, wanted=wanted)

    assert path.exists() == (there or wanted)
    assert others(path) == ([new.name] if step < 3 else [])


def test_of_several_that_were_set_aside_the_newest_comes_back(path):
    for content in (b"first", b"second", b"third"):
        path.write_bytes(content)
        os.rename(path, f"{path}.{len(others(path)):016x}-00000000.replaced")

    assert replacing.put_back(str(path))
    assert path.read_bytes() == b"third"
    assert not replacing.put_back(str(path))


def test_a_name_is_free_as_soon_as_its_file_is_removed(path):
    with path.open("rb") as reader:
        replacing.remove(str(path))

        assert others(path) == []
        assert not path.exists()
        assert reader.read() == b"old"
    with pytest.raises(FileNotFoundError):
        replacing.remove(str(path))
