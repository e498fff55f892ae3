"""The image's record of itself, written when it is built and read by the doctor at run time."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path

#: Contains the path of the record. Only the image sets it.
VARIABLE = "KOLIBRI_CONTAINER_IMAGE_RECORD"

#: The value of a build argument that was not given.
UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class ImageRecord:
    """An image's version and age. Times are in UTC, as in RFC 3339.

    :param version: the version that it was built as.
    :param revision: the git commit or tag that it was built from.
    :param created: when it was built.
    :param updated: when its Debian packages were fetched. Earlier than `created` if the build
        reused a cached layer.
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
    :raises ValueError: when it contains something else.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    try:
        record = ImageRecord(**document)
        updated = datetime.fromisoformat(record.updated)
    except TypeError as error:
        raise ValueError(f"not a record of an image: {error}") from error
    if updated.tzinfo is None:
        raise ValueError(f"no time zone in {record.updated}")
    return record
