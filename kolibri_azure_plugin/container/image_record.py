"""Records the image's version and age, late in its build.

Usage: ``python -m kolibri_azure_plugin.container.image_record``.

The image's labels contain the same, but can't be read inside the container. The build's arguments
come from the environment. If none sets the time, the clock does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from kolibri_azure_plugin.configuration.image_record import UNKNOWN, VARIABLE, ImageRecord, write


def main() -> None:
    path = Path(os.environ[VARIABLE])
    # Written by the layer that installs Debian's packages.
    updated = path.with_name("updated").read_text().strip()
    write(path, record(os.environ, updated=updated, now=datetime.now(timezone.utc)))


def record(arguments: Mapping[str, str], *, updated: str, now: datetime) -> ImageRecord:
    """Make the record.

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
