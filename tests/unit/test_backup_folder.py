"""Where backups may be, and which share the messages about that folder name."""

from __future__ import annotations

import errno
import os

import pytest

from kolibri_azure_plugin.content import mounts
from kolibri_azure_plugin.errors import BackupError, ContentShareError, remedies
from kolibri_azure_plugin.facility_data.backups import folder
from tests.deployments import deployment

#: Two shares as Azure mounts them, one of another vendor, and a disk with folders for both.
TABLE = r"""22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw
31 22 0:51 / /data/content rw,relatime - cifs //school.file.core.windows.net/content rw
32 22 0:52 / /data/nightly rw,relatime - cifs //archive.file.core.windows.net/nightly rw
33 22 0:51 / /data/again rw,relatime - cifs //school.file.core.windows.net/content rw
34 22 0:51 /backups /data/part rw,relatime - cifs //school.file.core.windows.net/content rw
35 22 0:51 / /data/below rw,relatime - cifs //school.file.core.windows.net/content/backups rw
36 22 0:52 / /data/content2 rw,relatime - cifs //school.file.core.windows.net/content2 rw
41 22 8:1 /content /nas/content rw,relatime - nfs4 nas:/kolibri rw
42 22 8:1 /backups /nas/backups rw,relatime - nfs4 nas:/kolibri rw
43 22 8:2 /content /disk/content rw,relatime - ext4 /dev/sda1 rw
44 22 8:2 / /disk rw,relatime - ext4 /dev/sda1 rw
"""


@pytest.fixture(autouse=True)
def _mounts(tmp_path, monkeypatch):
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    monkeypatch.setattr(mounts, "MOUNTINFO", str(table))
    remedies.forget_all()
    # As every process of Kolibri does when it starts.
    remedies.note_mount("//school.file.core.windows.net/content")
    yield
    remedies.forget_all()


def test_a_missing_setting_asks_for_a_share_other_than_that_of_the_content():
    with pytest.raises(BackupError) as refused:
        folder.require_folder(deployment())

    told = refused.value.instructions()
    assert "--account-name school --share-name BACKUP_SHARE " in told
    assert "BACKUP_SHARE is a separate file share, for backups" in told


def test_a_missing_folder_asks_for_a_share_other_than_that_of_the_content(tmp_path):
    with pytest.raises(BackupError) as refused:
        folder.measure(str(tmp_path / "missing"))

    assert "--share-name BACKUP_SHARE " in refused.value.instructions()


def test_the_share_to_enlarge_is_the_one_that_is_mounted_at_the_folder():
    told = folder.no_room("/data/nightly", "1 MB free").instructions()

    assert "--storage-account archive -n nightly --quota GIB" in told


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_the_share_to_mount_again_is_not_that_of_the_content(number):
    error = OSError(number, os.strerror(number))

    told = folder.explain("/data/nightly", error).instructions()
    assert "--account-name archive --share-name nightly " in told
    with pytest.raises(ContentShareError) as refused, folder.folder_errors("/data/nightly"):
        raise error
    assert refused.value.instructions() == told


def test_the_share_of_a_folder_that_azure_does_not_have_is_left_open():
    told = folder.no_room("/nas/backups", "1 MB free").instructions()

    assert "-n BACKUP_SHARE --quota GIB" in told


@pytest.mark.parametrize(
    "content, place",
    [
        ("/data/content", "/data/again"),
        ("/data/content", "/data/again/backups"),
        ("/data/content", "/data/part"),
        ("/data/content", "/data/below"),
        ("/data/part", "/data/again"),
    ],
)
def test_the_content_share_is_refused_wherever_it_is_mounted(content, place):
    with pytest.raises(BackupError) as refused:
        folder.require_folder(deployment(content_mount=content, backup_folder=place))

    assert refused.value.code == "backup-folder-unsuitable"
    assert "the content share is mounted again" in refused.value.found


@pytest.mark.parametrize(
    "content, place",
    [
        ("/data/content", "/data/nightly"),
        ("/data/content", "/data/content2"),
        ("/nas/content", "/nas/backups"),
        ("/disk/content", "/disk/backups"),
        ("/data/nothing", "/data/again"),
    ],
)
def test_another_share_or_another_folder_of_a_disk_is_accepted(content, place):
    found = folder.require_folder(deployment(content_mount=content, backup_folder=place))

    assert found == place
