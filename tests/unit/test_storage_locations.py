"""Kolibri's questions about a storage location do not wait for a share that hangs."""

from __future__ import annotations

import pytest
from kolibri.utils import filesystem

from kolibri_azure_plugin.content import mounts
from kolibri_azure_plugin.content.storage_locations import ask_if_reachable

QUESTIONS = [filesystem.check_is_directory, filesystem.get_path_permission]


@pytest.fixture
def mount(tmp_path, monkeypatch):
    """Make a folder count as an SMB share."""

    def add(folder):
        table = tmp_path / "mountinfo"
        table.write_text(f"36 25 0:40 / {folder} rw,relatime - cifs //server/share rw,soft\n")
        monkeypatch.setattr(mounts, "MOUNTINFO", str(table))

    return add


@pytest.mark.parametrize("ask", QUESTIONS)
def test_kolibri_answers_for_a_share_that_works(ask, mount, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    mount(share)

    paths = [str(share), str(share / "missing"), str(tmp_path), "/dev/null", "/proc", "", None]
    assert [ask_if_reachable(ask)(path) for path in paths] == [ask(path) for path in paths]
    assert list(share.iterdir()) == []


@pytest.mark.parametrize("ask", QUESTIONS)
def test_the_answer_is_no_for_every_folder_of_a_share_that_hangs(ask, mount, hangs, tmp_path):
    share = tmp_path / "share"
    (share / "databases").mkdir(parents=True)
    mount(share)
    hangs(str(share))

    assert not ask_if_reachable(ask)(str(share))
    assert not ask_if_reachable(ask)(str(share / "databases"))
    assert ask_if_reachable(ask)(str(tmp_path))
