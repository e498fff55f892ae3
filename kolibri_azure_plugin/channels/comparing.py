"""Where Kolibri compares a channel's new version with the one that is there.

It makes a database of SQLite for that beside the channel's own. On a share of SMB nobody can write
one: the kernel's client and SQLite understand each other's locks only with an option of the mount
that App Service does not set.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: Below KOLIBRI_HOME.
FOLDER = "compared_channels"


def compare_on_this_machine(path_of: Callable[..., str]) -> Callable[..., str]:
    """In place of `get_annotated_content_database_file_path`, where a comparison begins."""

    @wraps(path_of)
    def on_this_machine(channel_id: str, *_others: Any, **_named: Any) -> str:
        from kolibri.utils.conf import KOLIBRI_HOME

        folder = os.path.join(KOLIBRI_HOME, FOLDER)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{channel_id}.sqlite3")
        for ending in ("", "-journal"):
            # Of a comparison that was killed.
            with contextlib.suppress(FileNotFoundError):
                os.remove(path + ending)
        return path

    return on_this_machine
