"""What the channel holds: a topic with a video, an exercise and a page."""

from __future__ import annotations

import base64
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
    """The channel's picture, as the data URI that Kolibri keeps in its database."""
    return "data:image/svg+xml;base64," + base64.b64encode(THUMBNAIL.encode()).decode()


def identifier(name: str) -> str:
    """The same 32 hex digits for the same name, always."""
    return uuid.uuid5(NAMESPACE, name).hex


CHANNEL_ID = identifier("channel")


@dataclass(frozen=True)
class Resource:
    """One resource and its file; `preset` and `activity` are codes of le_utils."""

    title: str
    kind: str
    preset: str
    extension: str
    activity: str
    description: str
    content: bytes
    assessment: dict[str, Any] = field(default_factory=dict)


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
    """So many videos, each with a file of its own of so many bytes that nobody can play."""
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
