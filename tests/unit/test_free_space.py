"""Who asks how much room there is does not wait for a share that hangs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.free_space import measure_in_time


@measure_in_time
def room(path):
    return 17


def test_the_room_is_measured_where_the_share_answers(tmp_path):
    assert room(str(tmp_path)) == 17


def test_the_room_is_measured_where_the_folder_can_only_be_read():
    assert room("/proc") == 17


@pytest.mark.usefixtures("hanging")
def test_there_is_none_while_the_share_hangs():
    assert room("/content") == 0


@pytest.fixture
def hanging(monkeypatch, tmp_path):
    """An earlier probe of the folder that lives on."""
    monkeypatch.setattr(probe, "_notes", tmp_path / "notes.json")
    forever = (sys.executable, "-c", "import sys; sys.stdin.read()")
    with subprocess.Popen(forever, stdin=subprocess.PIPE) as process:
        probe._note("/content", process.pid)
        yield
        process.communicate()
