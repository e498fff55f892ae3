"""Keeps Kolibri from fetching very large files again, whose size the database can't express."""

from __future__ import annotations

import os
from typing import Any, Callable

from kolibri_azure_plugin.content.channels.coercion import MAX_INTEGER
from kolibri_azure_plugin.wrapping import wraps


def keep_downloaded_file(start: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `_start_file_transfer`, which fetches a file again when its size is not as expected."""

    @wraps(start)
    def start_with_actual_size(manager: Any, file: dict[str, Any]) -> Any:
        return start(manager, _with_actual_size(file, manager.content_dir))

    return start_with_actual_size


def _with_actual_size(file: dict[str, Any], folder: str | None) -> dict[str, Any]:
    from kolibri.core.content.utils import paths

    if file["file_size"] != MAX_INTEGER:
        return file
    name = paths.get_content_file_name(file)
    path = paths.get_content_storage_file_path(name, contentfolder=folder)
    if not os.path.isfile(path) or os.path.getsize(path) < MAX_INTEGER:
        return file
    return {**file, "file_size": os.path.getsize(path)}
