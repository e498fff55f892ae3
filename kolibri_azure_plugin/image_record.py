"""What an image says of itself: noted when it is built, read by the doctor where it runs."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path

#: Names the file with the record. The image sets it; elsewhere there is no such variable.
VARIABLE = "KOLIBRI_CONTAINER_IMAGE_RECORD"

#: What a build says that was not told.
UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class ImageRecord:
    """Times are those of RFC 3339, in UTC.

    :param version: what it was built as.
    :param revision: the commit or the tag of git that it was built from.
    :param created: when it was built.
    :param updated: when its packages of Debian were fetched: earlier than `created` where the build
        kept a layer of an earlier one.
    """

    version: str
    revision: str
    created: str
    updated: str

    def days_since_update(self, now: datetime) -> int:
        """Whole days since the packages were fetched.

        :param now: with its time zone.
        """
        return (now - datetime.fromisoformat(self.updated)).days


def write(path: Path, record: ImageRecord) -> None:
    path.write_text(json.dumps(dataclasses.asdict(record), indent=2) + "\n", encoding="utf-8")


def read(path: Path) -> ImageRecord:
    """The record.

    :raises OSError: when there is no such file.
    :raises ValueError: when it holds something else.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    try:
        record = ImageRecord(**document)
        updated = datetime.fromisoformat(record.updated)
    except TypeError as error:
        raise ValueError(f"no record of an image: {error}") from error
    if updated.tzinfo is None:
        raise ValueError(f"no time zone in {record.updated}")
    return record
