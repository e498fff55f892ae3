"""The large generated channel has as many different resources as asked for, all with thumbnails."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import zlib

from devtools.channel import CHANNEL_ID, make_channel
from devtools.channel.content import resources
from devtools.channel.textbook import textbook

NUMBER = 8


def test_all_resources_and_files_differ():
    made = textbook(NUMBER)
    files = [file for resource in made for file in resource.files]
    assert len({resource.title for resource in made}) == NUMBER
    assert len({file.checksum for file in files}) == len({file.id for file in files}) == 2 * NUMBER


def test_it_begins_with_the_small_channel():
    small = resources()
    assert [each.title for each in textbook(NUMBER)][: len(small)] == [each.title for each in small]


def test_a_thumbnail_is_a_complete_png():
    [*_, last] = textbook(NUMBER)
    rest = last.picture.removeprefix(b"\x89PNG\r\n\x1a\n")
    kinds = []
    while rest:
        length, kind = struct.unpack(">I4s", rest[:8])
        content, checksum, rest = (
            rest[8 : 8 + length],
            rest[8 + length : 12 + length],
            rest[12 + length :],
        )
        assert zlib.crc32(kind + content).to_bytes(4, "big") == checksum
        kinds.append(kind)
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_the_channel_on_a_drive_tells_thumbnails_from_content(tmp_path):
    data = make_channel(tmp_path, textbook(NUMBER))
    database = data / "content" / "databases" / f"{CHANNEL_ID}.sqlite3"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        counts = "SELECT thumbnail, count(*) FROM content_file GROUP BY thumbnail ORDER BY 1"
        assert connection.execute(counts).fetchall() == [(0, NUMBER), (1, NUMBER)]
        names = connection.execute("SELECT id || '.' || extension FROM content_localfile")
        for [name] in names:
            assert (data / "content" / "storage" / name[0] / name[1] / name).is_file()
