"""The channel's content: a topic with a video, an exercise and a page."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

from devtools.channel.exercise import MASTERY, QUESTIONS, exercise_file
from devtools.channel.mp4 import in_mp4
from devtools.channel.page import page_file
from devtools.channel.video import counting_to_nine

NAMESPACE = uuid.UUID("5f1d3a52-6a0e-4c0b-9a43-0b4d8a0c7e11")
CHANNEL_NAME = "First numbers"
CHANNEL_DESCRIPTION = "A small channel to try things with"
TOPIC_TITLE = "Counting"
VIDEO_TITLE, EXERCISE_TITLE, PAGE_TITLE = "Counting to nine", "Small sums", "Count the apples"


THUMBNAIL = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 90"><rect width="160" height="90"'
    ' fill="#8ee8d0"/><text x="80" y="64" font-family="sans-serif" font-size="52"'
    ' text-anchor="middle" fill="#31150c">123</text></svg>'
)


def thumbnail() -> str:
    """The channel's thumbnail as a data URI, as Kolibri's database stores it."""
    return "data:image/svg+xml;base64," + base64.b64encode(THUMBNAIL.encode()).decode()


def identifier(name: str) -> str:
    """Derive 32 hex digits from a name."""
    return uuid.uuid5(NAMESPACE, name).hex


CHANNEL_ID = identifier("channel")


@dataclass(frozen=True)
class File:
    """A file of a resource; `preset` is a code from le_utils."""

    id: str
    content: bytes
    extension: str
    preset: str
    thumbnail: bool = False

    @property
    def checksum(self) -> str:
        """Kolibri names files by their MD5, which protects against accidents, not attackers."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @property
    def name(self) -> str:
        return f"{self.checksum}.{self.extension}"


@dataclass(frozen=True)
class Resource:
    """One resource and its files; `preset` and `activity` are codes from le_utils."""

    title: str
    kind: str
    preset: str
    extension: str
    activity: str
    description: str
    content: bytes
    assessment: dict[str, Any] = field(default_factory=dict)
    picture: bytes = b""  # its thumbnail, a PNG

    @property
    def files(self) -> list[File]:
        """Its content, and its thumbnail if it has one."""
        own = identifier(f"file of {self.title}")
        files = [File(own, self.content, self.extension, self.preset)]
        if self.picture:
            preset = f"{self.kind}_thumbnail"
            own = identifier(f"thumbnail of {self.title}")
            files.append(File(own, self.picture, "png", preset, thumbnail=True))
        return files


def resources() -> list[Resource]:
    return [
        Resource(
            title=VIDEO_TITLE,
            kind="video",
            preset="high_res_video",
            extension="mp4",
            activity="UD5UGM0z",
            description="A silent video of ten seconds",
            content=in_mp4(counting_to_nine()),
        ),
        Resource(
            title=EXERCISE_TITLE,
            kind="exercise",
            preset="exercise",
            extension="perseus",
            activity="VwRCom7G",
            description="Three questions",
            content=exercise_file(),
            assessment={
                "assessment_item_ids": [question.id for question in QUESTIONS],
                "mastery_model": MASTERY,
            },
        ),
        Resource(
            title=PAGE_TITLE,
            kind="html5",
            preset="html5_zip",
            extension="zip",
            activity="#j8L0eq3",
            description="A page with a script",
            content=page_file(),
        ),
    ]


def many_resources(number: int, size: int) -> list[Resource]:
    """Return `number` videos, each with a different unplayable file of `size` bytes."""
    return [
        Resource(
            title=f"Video {index}",
            kind="video",
            preset="high_res_video",
            extension="mp4",
            activity="UD5UGM0z",
            description="",
            content=index.to_bytes(4, "big") * (size // 4),
        )
        for index in range(1, number + 1)
    ]
