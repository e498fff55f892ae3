"""Notes in the image what it is: ``python -m kolibri_container.image_record``, late in its build.

The labels say the same to whoever has the image; this is for those who are in the container. It
takes the build's arguments from the environment, and where none tells the time, the clock does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from kolibri_azure_plugin.image_record import UNKNOWN, VARIABLE, ImageRecord, write


def main() -> None:
    path = Path(os.environ[VARIABLE])
    # Written by the layer that fetches Debian's packages.
    updated = path.with_name("updated").read_text().strip()
    write(path, record(os.environ, updated=updated, now=datetime.now(timezone.utc)))


def record(arguments: Mapping[str, str], *, updated: str, now: datetime) -> ImageRecord:
    """What is to be noted.

    :param arguments: VERSION, REVISION and CREATED; the last one may be ``unknown``.
    """
    created = arguments["CREATED"]
    return ImageRecord(
        version=arguments["VERSION"],
        revision=arguments["REVISION"],
        created=now.isoformat(timespec="seconds") if created in ("", UNKNOWN) else created,
        updated=updated,
    )


if __name__ == "__main__":
    main()
