"""A probe that hangs is remembered for programs that come after, one for each folder."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kolibri_azure_plugin.content import probe

FOREVER = (sys.executable, "-c", "import sys; sys.stdin.read()")


@pytest.fixture
def hangs(monkeypatch, tmp_path):
    """Notes a process that lives on in a folder."""
    monkeypatch.setattr(probe, "_notes", tmp_path / "notes.json")
    begun = []

    def begin(folder):
        process = subprocess.Popen(FOREVER, stdin=subprocess.PIPE)
        begun.append(process)
        probe._note(folder, process.pid)
        return process

    yield begin
    for process in begun:
        process.communicate()


def test_a_probe_that_hangs_in_one_folder_is_not_forgotten_for_another(hangs):
    hangs("/content")
    hangs("/media")
    for folder in ("/content", "/media"):
        with pytest.raises(probe.ProbeHangsError, match="an earlier probe of it still hangs"):
            probe.touch(folder)


def test_it_is_forgotten_when_it_has_ended(hangs, tmp_path):
    process = hangs(str(tmp_path))
    hangs("/media")

    process.communicate()

    assert probe.touch(str(tmp_path)).total_bytes


@pytest.mark.parametrize("text", ["", "{", "[]", '["/content", 1, "2"]', '{"/content": 1}'])
def test_notes_that_say_nothing_keep_no_probe_from_starting(text, hangs, tmp_path):
    (tmp_path / "notes.json").write_text(text)
    assert probe.touch(str(tmp_path)).total_bytes
