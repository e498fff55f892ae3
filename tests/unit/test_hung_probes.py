"""A hanging probe is recorded for later programs, one for each folder."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.content import probe


def test_a_probe_that_hangs_in_one_folder_is_not_forgotten_for_another(hangs):
    hangs("/content")
    hangs("/media")
    for folder in ("/content", "/media"):
        with pytest.raises(probe.ProbeTimeoutError, match="an earlier probe of it still hangs"):
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
