"""Moves Kolibri's comparison of two versions of a channel from the share to the local disk.

For each comparison, Kolibri writes a SQLite database next to the channel's own. On an SMB share
that fails: SQLite's locks need a mount option of the kernel's client that App Service does not set.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: Below KOLIBRI_HOME.
FOLDER = "compared_channels"


def compare_locally(path_of: Callable[..., str]) -> Callable[..., str]:
    """Replace `get_annotated_content_database_file_path`, which every comparison calls first."""

    @wraps(path_of)
    def local_path(channel_id: str, *_others: Any, **_named: Any) -> str:
        from kolibri.utils.conf import KOLIBRI_HOME

        folder = os.path.join(KOLIBRI_HOME, FOLDER)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{channel_id}.sqlite3")
        for ending in ("", "-journal"):
            # A killed comparison leaves its files behind.
            with contextlib.suppress(FileNotFoundError):
                os.remove(path + ending)
        return path

    return local_path
