"""The deployment's time zone, which the environment variable TZ names.

Kolibri asks its bundled tzlocal for it (version 4.2, in Kolibri 0.19.5). That knows only the names
in a table of Windows' zones, where India is Asia/Calcutta. For Asia/Kolkata, Asia/Ho_Chi_Minh,
America/Argentina/Buenos_Aires and 19 others that are in common use, Kolibri would use UTC.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "TZ"

#: Where Django looks for a zone, if the folder exists.
SYSTEM_ZONES = Path("/usr/share/zoneinfo")


def named(environment: Mapping[str, str] = os.environ) -> str:
    """The name in the environment; empty if there is none."""
    return environment.get(VARIABLE, "").removeprefix(":")


def exists(name: str) -> bool:
    """Whether Django knows a zone of this name."""
    import kolibri  # noqa: F401 (puts its bundled libraries on the path)
    import pytz

    on_system = not SYSTEM_ZONES.exists() or (SYSTEM_ZONES / name).is_file()
    return on_system and name in pytz.all_timezones_set
