"""A channel of the size of a textbook: many resources, each with a thumbnail."""

from __future__ import annotations

import dataclasses
import itertools
import struct
import zlib
from collections.abc import Iterator

from devtools.channel.content import Resource, resources

#: Pixels of the side of a thumbnail.
SIDE = 96


def textbook(number: int) -> list[Resource]:
    """`number` resources: the small channel's, then videos and exercises, all with thumbnails."""
    return list(itertools.islice(_resources(), number))


def _resources() -> Iterator[Resource]:
    small = resources()
    for index in itertools.count():
        chapter, kind = divmod(index, len(small))
        resource = small[kind]
        if chapter:
            resource = dataclasses.replace(
                resource,
                title=f"{resource.title}, chapter {chapter + 1}",
                description=f"{resource.description}, for chapter {chapter + 1} of the textbook",
                # Files with the same bytes would be one file. Readers of MP4 and zip ignore what
                # follows the last part.
                content=resource.content + _ignored(resource.extension, chapter),
            )
        yield dataclasses.replace(resource, picture=_picture(index))


def _ignored(extension: str, chapter: int) -> bytes:
    number = chapter.to_bytes(4, "big")
    return struct.pack(">I4s", 12, b"free") + number if extension == "mp4" else number


def _picture(number: int) -> bytes:
    """A PNG in greys, which differs for each `number`."""
    line = bytes((number * at) % 256 for at in range(SIDE))
    pixels = b"".join(b"\x00" + line for _ in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )
