"""The manifest of a backup: a JSON file next to it.

It is there before the backup gets its name, and removed after the backup.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import os
import re
from collections.abc import Mapping
from typing import IO, Any

#: The version of the format. A newer plugin may add fields without changing it.
FORMAT = 1

#: Kinds of backups. How many are kept depends on the kind.
MANUAL, NIGHTLY, UPGRADE = "manual", "nightly", "upgrade"
KINDS = (MANUAL, NIGHTLY, UPGRADE)

DUMP, MANIFEST, VERIFIED, PARTIAL = ".dump", ".json", ".verified.json", ".partial"

NAME = re.compile(rf"kolibri-\d{{8}}T\d{{6}}Z-(?:{'|'.join(KINDS)})(?:-\d+)?")


class UnreadableManifestError(Exception):
    """The manifest is missing or damaged. The text says how."""


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What is known about a backup.

    :param name: of its files, without the endings.
    :param created_at: in UTC, as ``2026-11-29T21:00:00Z``.
    :param reason: why it was made, for people.
    :param kolibri: the version of Kolibri that the tables are of.
    :param plugin: the version of the plugin that made it.
    :param schema: the schema of Kolibri's tables.
    :param server: PostgreSQL's version.
    :param client: pg_dump's version.
    :param counts: the number of rows of each table.
    :param database_bytes: the size of the database.
    :param file_bytes: the size of the file.
    """

    name: str
    created_at: str
    kind: str
    reason: str
    kolibri: str
    plugin: str
    server: str
    client: str
    database: str
    schema: str
    counts: Mapping[str, int]
    database_bytes: int
    file_bytes: int
    sha256: str
    seconds: float
    format: int = FORMAT

    @property
    def time(self) -> dt.datetime:
        return parse_time(self.created_at)

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return sum(self.counts.values())

    def encode(self) -> bytes:
        return (json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def decode(cls, text: str) -> Manifest:
        """:raises UnreadableManifestError: when the text is not a manifest of this format."""
        try:
            values = json.loads(text)
            known = {field.name for field in dataclasses.fields(cls)}
            found = cls(**{name: value for name, value in values.items() if name in known})
            parse_time(found.created_at)
        except (ValueError, TypeError, AttributeError) as error:
            raise UnreadableManifestError(f"it is not a manifest ({error})") from error
        if found.format != FORMAT:
            raise UnreadableManifestError(f"its format is {found.format}, not {FORMAT}")
        return found


def format_time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def parse_time(text: str) -> dt.datetime:
    """:raises ValueError: when it is no time."""
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.timezone.utc)


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def path_of(dump: str, ending: str) -> str:
    """The path of another file of the same backup."""
    return dump.removesuffix(DUMP) + ending


def read_manifest(dump: str) -> Manifest:
    """The manifest next to a backup.

    :raises UnreadableManifestError: when there is none, or it is damaged.
    :raises OSError: when the share does not work.
    """
    try:
        with open(path_of(dump, MANIFEST), encoding="utf-8") as file:
            return Manifest.decode(file.read())
    except FileNotFoundError:
        raise UnreadableManifestError(
            f"there is no {os.path.basename(path_of(dump, MANIFEST))} next to it"
        ) from None
    except UnicodeDecodeError as error:
        raise UnreadableManifestError(f"it is not a manifest ({error})") from error


def open_private(path: str) -> IO[bytes]:
    """Open a file for writing that no other user can read, where the file system has modes."""
    return open(path, "wb", opener=functools.partial(os.open, mode=0o600))


def write_durably(path: str, content: bytes) -> None:
    """Write a file that is either complete under its name, or not there."""
    with open_private(path + PARTIAL) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + PARTIAL, path)


def verification(moment: dt.datetime, server: str, seconds: float) -> bytes:
    """The content of the file that says that a backup has been verified."""
    values: dict[str, Any] = {
        "verified_at": format_time(moment),
        "server": server,
        "seconds": round(seconds, 1),
    }
    return (json.dumps(values) + "\n").encode()
