"""What of a home leaves an archive, and where it goes."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import tarfile
import zipfile

import pytest

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in import channels, room
from kolibri_azure_plugin.provisioning.moving_in.home_copy import HomeCopy
from kolibri_azure_plugin.provisioning.moving_in.opening import open_source

CHANNEL = "0123456789abcdef0123456789abcdef"
STORED = "fedcba9876543210fedcba9876543210.mp4"

#: Of an archive made on Windows, on macOS, and by somebody with bad intentions.
NAMES = (
    "backup/.kolibri/db.sqlite3",
    "backup/.kolibri/.data_version",
    "backup/.kolibri/options.ini",
    f"backup/.kolibri/content/databases/{CHANNEL}.sqlite3",
    f"backup/.kolibri/content/storage/f/e/{STORED}",
    "backup/.kolibri/job_storage.sqlite3",
    "backup/.kolibri/content/databases/../../../../evil.sqlite3",
    "backup/.kolibri/content/databases/notes.sqlite3",
    f"backup/.kolibri/content/databases/old/{'f' * 32}.sqlite3",
    "__MACOSX/backup/.kolibri/._db.sqlite3",
    "backup/old/deep/down/here/db.sqlite3",
    "../../outside",
    "/absolute",
)

#: Ids that a home's database may have for files, all of which lead out of any folder.
OUTSIDE = (
    "../../../outside",
    "ab/../../../../../../outside",
    f"{'0' * 32}/../../../../../../outside",
)

#: The tables from which moving in reads the files of a channel.
CONTENT_TABLES = """
    CREATE TABLE content_channelmetadata (id, name, version);
    CREATE TABLE content_contentnode (id, channel_id, kind, available);
    CREATE TABLE content_file (contentnode_id, local_file_id);
    CREATE TABLE content_localfile (id, extension, file_size, available);
"""


def zipped(folder, names=NAMES):
    path = folder / "school.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, f"content of {name}")
    return path


def tarred(folder, names=NAMES):
    path = folder / "school.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            content = f"content of {name}".encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("backup/.kolibri/db.sqlite3-wal")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def copy_with_files(home, ids):
    """The copy of a home with one channel, whose files have these ids."""
    home.mkdir()
    copy = HomeCopy(str(home), "the school's")
    with contextlib.closing(sqlite3.connect(copy.database)) as database:
        database.executescript(CONTENT_TABLES)
        database.execute("INSERT INTO content_channelmetadata VALUES (?, 'Sums', 1)", [CHANNEL])
        database.execute("INSERT INTO content_contentnode VALUES (1, ?, 'video', 1)", [CHANNEL])
        for each in ids:
            database.execute("INSERT INTO content_file VALUES (1, ?)", [each])
            database.execute("INSERT INTO content_localfile VALUES (?, 'mp4', 9, 1)", [each])
        database.commit()
    return copy


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_only_the_files_of_a_home_leave_an_archive(pack, tmp_path):
    target, scratch = tmp_path / "home", tmp_path / "scratch"
    target.mkdir()
    source = open_source(str(pack(tmp_path)))

    source.copy_to(str(target), lambda _: None)
    content = source.content(str(scratch), "")

    assert files_below(target) == [".data_version", "db.sqlite3", "options.ini"]
    database = target / "db.sqlite3"
    assert database.read_text() == "content of backup/.kolibri/db.sqlite3"
    with content.with_files({STORED}) as folder:
        assert f"content/storage/f/e/{STORED}" in files_below(scratch)
        assert folder == str(scratch)
    assert files_below(scratch) == [f"content/databases/{CHANNEL}.sqlite3"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["home", "scratch"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_no_id_in_the_homes_database_leads_out_of_the_scratch_folder(pack, tmp_path):
    ids = (STORED[:32], *OUTSIDE)
    stored = [f"content/storage/{each[0]}/{each[1]}/{each}.mp4" for each in ids]
    names = ("db.sqlite3", f"content/databases/{CHANNEL}.sqlite3", *stored)
    source = open_source(str(pack(tmp_path, names)))
    copy = copy_with_files(tmp_path / "home", ids)
    scratch = tmp_path / "a" / "b" / "c" / "scratch"
    content = source.content(str(scratch), "")
    before = files_below(tmp_path)

    [channel] = channels.channels_in(copy, content)
    with content.with_files(set(channel.files)):
        came = set(files_below(tmp_path)) - set(before)

    assert came == {f"a/b/c/scratch/content/storage/f/e/{STORED}"}


def zip_with_large_files(folder, sizes):
    """An archive that claims these sizes for files of a home."""
    path = folder / "school.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, size in {"db.sqlite3": 0, **sizes}.items():
            archive.writestr(name, "a little")
            # The directory at the end of the file is written last.
            archive.getinfo(name).file_size = size or len("a little")
    return path


def test_a_channel_in_an_archive_needs_room_before_anything_is_imported(tmp_path):
    ids = (STORED[:32], "0" * 32)
    sizes = {f"content/storage/{each[0]}/{each[1]}/{each}.mp4": 1 << 50 for each in ids}
    database = {f"content/databases/{CHANNEL}.sqlite3": 0}
    source = open_source(str(zip_with_large_files(tmp_path, {**database, **sizes})))
    content = source.content(str(tmp_path / "scratch"), "")
    found = channels.channels_in(copy_with_files(tmp_path / "home", ids), content)

    with pytest.raises(MovingInError) as refused:
        channels.require_room_for_largest(content, found, str(tmp_path), 3 << 30)

    error, wanted = refused.value, (2 << 50) + (3 << 30) + room.RESERVE
    assert error.failed == f"There is no room for channel Sums ({CHANNEL})."
    assert error.expected == f"{wanted // room.MIB} MiB at {tmp_path}"
    assert "--no-content" in error.remedy


def test_a_channel_in_an_archive_needs_room_when_its_turn_has_come(tmp_path):
    place = f"content/storage/f/e/{STORED}"
    sizes = {f"content/databases/{CHANNEL}.sqlite3": 0, place: 1 << 50}
    content = open_source(str(zip_with_large_files(tmp_path, sizes))).content(
        str(tmp_path / "scratch"), ""
    )
    [channel] = channels.channels_in(copy_with_files(tmp_path / "home", [STORED[:32]]), content)

    with pytest.raises(MovingInError) as refused:
        channels.unpacked(content, channel, str(tmp_path)).__enter__()

    assert refused.value.code == "moving-in-room"
    assert not (tmp_path / "scratch" / place).exists()


def test_the_databases_of_channels_need_room_too(tmp_path):
    sizes = {f"content/databases/{CHANNEL}.sqlite3": 1 << 50}
    source = open_source(str(zip_with_large_files(tmp_path, sizes)))

    with pytest.raises(MovingInError) as refused:
        source.content(str(tmp_path / "scratch"), "")

    assert refused.value.code == "moving-in-room"
    assert files_below(tmp_path / "scratch") == []


def test_a_disk_that_becomes_full_with_a_channel_is_named_with_a_way_out(tmp_path):
    place, scratch = f"content/storage/f/e/{STORED}", tmp_path / "scratch"
    names = ("db.sqlite3", f"content/databases/{CHANNEL}.sqlite3", place)
    content = open_source(str(zipped(tmp_path, names))).content(str(scratch), "")
    (scratch / place).parent.mkdir(parents=True)
    (scratch / place).symlink_to("/dev/full")

    with pytest.raises(MovingInError) as failed, content.with_files({STORED}):
        pass

    assert failed.value.code == "moving-in-room"
    assert failed.value.expected == f"more room at {scratch}"
    assert "--no-content" in failed.value.remedy
    assert files_below(scratch) == [names[1]]
