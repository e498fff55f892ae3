"""The mount table in the kernel's format."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.content import mounts
from kolibri_azure_plugin.content.mounts import Mount, mount_around, mounted_at

TABLE = r"""22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/a
81 22 0:52 / /data/content rw,relatime shared:7 master:2 - tmpfs tmpfs rw
82 81 0:53 / /data/content rw,relatime - cifs //10.0.0.4/content rw,vers=3.1.1
83 22 0:54 /lower /data/with\040space ro,relatime - nfs4 10.0.0.5:/a/b rw
84 22 0:55 / /data/half rw,relatime - cifs //10.0.0.4/half ro
"""


@pytest.fixture(autouse=True)
def _table(tmp_path, monkeypatch):
    file = tmp_path / "mountinfo"
    file.write_text(TABLE)
    monkeypatch.setattr(mounts, "MOUNTINFO", str(file))


def test_the_last_of_two_mounts_at_one_path_counts():
    assert mounted_at("/data/content/") == Mount(
        "/data/content", "cifs", "//10.0.0.4/content", read_only=False
    )


def test_only_the_exact_place_counts():
    assert mounted_at("/data") is None
    assert mounted_at("/data/content/databases") is None


def test_a_place_with_a_space_is_found():
    assert mounted_at("/data/with space").type == "nfs4"


def test_a_folder_is_in_the_innermost_mount():
    assert mount_around("/data/content/databases").type == "cifs"
    assert mount_around("/data/with space/").root == "/lower"
    assert mount_around("/data/contents") is None


@pytest.mark.parametrize("place", ["/data/with space", "/data/half"])
def test_either_the_mount_or_the_file_system_may_be_read_only(place):
    assert mounted_at(place).read_only


def test_a_system_without_a_mount_table_has_no_mounts(monkeypatch):
    monkeypatch.setattr(mounts, "MOUNTINFO", "/nonexistent/mountinfo")
    assert mounted_at("/data/content") is None
