"""Downloads of a channel's newer database, and file names that lead out of the folder."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.server
import shutil
import sqlite3
import threading

import pytest
from kolibri.core.content.errors import InvalidStorageFilenameError
from kolibri.core.content.utils import paths
from kolibri.utils import file_transfer

from devtools.channel import CHANNEL_ID, make_channel
from kolibri_azure_plugin.content.channels import file_names
from kolibri_azure_plugin.kolibri_patches.tables import channel_files
from tests.smb import is_valid_smb_name

DATABASE = f"{CHANNEL_ID}.sqlite3"

#: The patches that need no database of Kolibri.
OF_TRANSFERS = [
    patch for patch in channel_files.PATCHES if patch.module == "kolibri.utils.file_transfer"
]


@pytest.fixture(autouse=True)
def _patched(monkeypatch):
    for patch in OF_TRANSFERS:
        owner, name = patch.place
        monkeypatch.setattr(owner, name, patch.make_wrapper()(patch.current))


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """The first and the second version of a channel's database."""
    folder = tmp_path_factory.mktemp("versions")
    made = make_channel(folder) / "content" / "databases" / DATABASE
    newer = folder / "newer.sqlite3"
    shutil.copy(made, newer)
    change(newer, "UPDATE content_channelmetadata SET version = 2")
    return made, newer


@pytest.fixture
def there(tmp_path, versions):
    """The first version, on the share."""
    path = tmp_path / "content" / "databases" / DATABASE
    path.parent.mkdir(parents=True)
    shutil.copy(versions[0], path)
    return path


def change(path, statement):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def version(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version FROM content_channelmetadata").fetchone()[0]


@contextlib.contextmanager
def studio(content, *, cut_at=()):
    """Serves these bytes; the first answers end after as many of them as `cut_at` lists."""
    cuts = list(cut_at)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: cuts.pop(0)] if cuts else content)

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/content/databases/{DATABASE}"
        server.shutdown()


def download(url, path):
    with file_transfer.FileDownload(url, str(path), retry_wait=0) as transfer:
        transfer.run()


def leftovers(path):
    return [
        each.name for each in path.parent.iterdir() if each.suffix not in (".sqlite3", ".replaced")
    ]


def test_a_newer_version_is_fetched_although_the_old_one_has_its_name(there, versions):
    with studio(versions[1].read_bytes()) as url:
        download(url, there)

    assert version(there) == 2
    assert leftovers(there) == []


def test_half_a_database_does_not_replace_a_whole_one(there, versions, tmp_path):
    half = tmp_path / DATABASE
    half.write_bytes(versions[1].read_bytes()[:-4096])

    with pytest.raises(file_transfer.TransferFailed, match="was not replaced"):
        copy(half, there)

    assert version(there) == 1
    assert leftovers(there) == []


@pytest.mark.parametrize("content", [b"", b"<html>503</html>", b"SQLite format 3\0" + bytes(1000)])
def test_nothing_else_replaces_a_database(content, there, tmp_path):
    source = tmp_path / DATABASE
    source.write_bytes(content)

    with pytest.raises(file_transfer.TransferFailed) if content else contextlib.nullcontext():
        copy(source, there)

    assert version(there) == 1


def test_the_database_of_another_channel_does_not_take_its_place(there, versions, tmp_path):
    other = tmp_path / "other.sqlite3"
    shutil.copy(versions[1], other)
    change(other, f"UPDATE content_channelmetadata SET id = '{'f' * 32}'")

    with pytest.raises(file_transfer.TransferFailed, match="f" * 32):
        copy(other, there)

    assert version(there) == 1


def copy(source, path):
    with file_transfer.FileCopy(str(source), str(path)) as transfer:
        transfer.run()


def test_a_copy_that_is_cancelled_leaves_the_old_database(there, versions):
    transfer = file_transfer.FileCopy(str(versions[1]), str(there), cancel_check=lambda: True)

    with pytest.raises(file_transfer.TransferCanceled), transfer:
        transfer.run()

    assert version(there) == 1
    assert leftovers(there) == []


def test_a_copy_that_breaks_off_leaves_the_old_database(there, versions):
    def break_off(_bytes):
        raise OSError(errno.EIO, "Input/output error")

    transfer = file_transfer.FileCopy(str(versions[1]), str(there))
    with pytest.raises(OSError, match="Input/output"), transfer:
        transfer.run(break_off)

    assert version(there) == 1
    assert leftovers(there) == []


def test_a_repeated_download_is_not_appended_to_the_first_part(tmp_path, versions):
    content = versions[1].read_bytes()
    path = tmp_path / "databases" / DATABASE

    with studio(content, cut_at=[1000, len(content) // 2]) as url:
        download(url, path)

    assert path.read_bytes() == content


VIDEO = b"a video" * 100_000
VIDEO_ID = hashlib.md5(VIDEO).hexdigest()


@pytest.fixture
def damaged(tmp_path):
    """A video on the share, of which only the beginning arrived."""
    path = tmp_path / "storage" / VIDEO_ID[0] / VIDEO_ID[1] / f"{VIDEO_ID}.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a video")
    return path


def download_video(url, path):
    with file_transfer.FileDownload(url, str(path), VIDEO_ID, retry_wait=0) as transfer:
        transfer.run()


def test_a_damaged_file_is_fetched_again_while_it_is_read(damaged):
    with studio(VIDEO) as url, damaged.open("rb") as reader:
        download_video(url, damaged)

        assert reader.read() == b"a video"
    assert damaged.read_bytes() == VIDEO
    assert [each.name for each in damaged.parent.iterdir()] == [damaged.name]


def test_a_damaged_file_stays_until_a_good_one_has_arrived(damaged):
    with studio(VIDEO[:-1]) as url:
        for _ in range(2):
            with pytest.raises(file_transfer.TransferFailed):
                download_video(url, damaged)

            assert damaged.read_bytes() == b"a video"
            assert [each.name for each in damaged.parent.iterdir()] == [damaged.name]
    with studio(VIDEO) as url:
        download_video(url, damaged)

    assert damaged.read_bytes() == VIDEO


LEADS_AWAY = "mp4/../../../../../escaped"
STRANGE = [
    LEADS_AWAY, "mp4/x", "mp4:x", "mp4?", 'mp4"', "mp4*", "mp4<", "mp4>", "mp4|", "mp4\\x", "mp4.",
    "mp4 ", "mp4\n", "mp4\x00", "MP4", "m" * 300, "", ".", "..", "mp4\u202e",
]  # fmt: skip


@pytest.mark.parametrize("extension", STRANGE)
def test_a_file_with_a_strange_ending_gets_no_path(extension, tmp_path):
    path_of = file_names.require_full_match(paths.get_content_storage_file_path)
    name = paths.get_content_file_name({"id": "0" * 32, "extension": extension})

    with pytest.raises(InvalidStorageFilenameError):
        path_of(name, contentfolder=str(tmp_path))
    with pytest.raises(InvalidStorageFilenameError):
        file_transfer.FileCopy(str(tmp_path), str(tmp_path / "storage" / "0" / "0" / name))

    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("channel", ["../../escaped", "0" * 31, "0" * 32 + ".", "con", "a:b", ""])
def test_a_channel_with_a_strange_id_gets_no_database(channel, tmp_path):
    with pytest.raises(InvalidStorageFilenameError):
        file_transfer.FileCopy(str(tmp_path), str(tmp_path / "databases" / f"{channel}.sqlite3"))

    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "name",
    ["0" * 32 + ".mp4", "0" * 32 + "-data.zip", "0" * 32 + "." + "z" * 40, DATABASE,
     f"{CHANNEL_ID}-upgrade.sqlite3"],
)  # fmt: skip
def test_every_name_that_is_taken_is_taken_by_smb_also_while_it_is_written(name):
    assert file_names.STORED.fullmatch(name) or file_names.DATABASE.fullmatch(name)
    for written in (name, f"{name}.transfer", f"{name}.0123456789abcdef-01234567.replaced"):
        assert is_valid_smb_name(written)
