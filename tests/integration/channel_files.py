"""Changes the database file of a channel on a drive."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from devtools.channel import CHANNEL_ID, make_channel

#: The columns with identifiers of one channel.
IDENTIFIERS = {
    "content_contentnode": ("id", "parent_id", "channel_id"),
    "content_file": ("id", "contentnode_id"),
    "content_assessmentmetadata": ("id", "contentnode_id"),
    "content_channelmetadata": ("id", "root_id"),
}

PREFIX = "facade00"


def database(folder: Path, channel_id: str = CHANNEL_ID) -> Path:
    return folder / "content" / "databases" / f"{channel_id}.sqlite3"


def change(folder: Path, *statements: str, values: dict[str, object] | None = None) -> Path:
    """Run statements in the channel's database; returns the folder."""
    with contextlib.closing(sqlite3.connect(database(folder))) as connection, connection:
        for statement in statements:
            connection.execute(statement, values or {})
    return folder


def newer(drive: Path) -> Path:
    """The second version of the channel, with a changed title."""
    return change(
        make_channel(drive),
        "UPDATE content_channelmetadata SET version = 2",
        "UPDATE content_contentnode SET title = 'Counting further' WHERE kind = 'video'",
    )


def another(drive: Path) -> tuple[str, Path]:
    """Another channel with the same resources."""
    folder = change(
        make_channel(drive),
        *(
            f"UPDATE {table} SET {column} = '{PREFIX}' || substr({column}, {len(PREFIX) + 1})"
            for table, columns in IDENTIFIERS.items()
            for column in columns
        ),
    )
    channel_id = f"{PREFIX}{CHANNEL_ID[len(PREFIX) :]}"
    database(folder).rename(database(folder, channel_id))
    return channel_id, folder
