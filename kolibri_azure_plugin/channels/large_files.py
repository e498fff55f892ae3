"""Files whose size is larger than the database can say."""

from __future__ import annotations

import os
from typing import Any, Callable

from kolibri_azure_plugin.channels.fitting import LARGEST
from kolibri_azure_plugin.wrapping import wraps


def keep_what_is_there(start: Callable[..., Any]) -> Callable[..., Any]:
    """Around `_start_file_transfer`, which fetches again what has not the size that it expects."""

    @wraps(start)
    def keeping(manager: Any, file: dict[str, Any]) -> Any:
        return start(manager, _with_its_real_size(file, manager.content_dir))

    return keeping


def _with_its_real_size(file: dict[str, Any], folder: str | None) -> dict[str, Any]:
    from kolibri.core.content.utils import paths

    if file["file_size"] != LARGEST:
        return file
    name = paths.get_content_file_name(file)
    path = paths.get_content_storage_file_path(name, contentfolder=folder)
    if not os.path.isfile(path) or os.path.getsize(path) < LARGEST:
        return file
    return {**file, "file_size": os.path.getsize(path)}
