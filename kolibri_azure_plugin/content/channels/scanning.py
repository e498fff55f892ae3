"""Kolibri's scans of the content, made safe against a share that does not answer.

Kolibri treats an unreadable file as missing: it marks a resource as unavailable, and deletes a
channel's database.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable

from kolibri_azure_plugin.content.channels.import_retries import content_folder
from kolibri_azure_plugin.content.channels.retrying import require_mount, retry_import_step
from kolibri_azure_plugin.content.replacing import never_cancelled
from kolibri_azure_plugin.wrapping import wraps

SUFFIX = ".sqlite3"

#: Id, whether it was available, and extension: the columns of Kolibri's query.
File = tuple[str, bool, str]


def confirm_missing_files(check: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `_check_file_availability`: count a file as missing only when the share says so."""

    @wraps(check)
    def check_and_confirm(files: Sequence[File]) -> Any:
        def look() -> Any:
            available, unavailable = check(files)
            lost = set(unavailable)
            for checksum, _, extension in files:
                if checksum in lost:
                    _confirm_missing(checksum, extension)
            return available, unavailable

        return retry_import_step(
            look, folder=content_folder(), source=None, job=None, check_cancelled=never_cancelled
        )

    return check_and_confirm


def list_without_deleting(list_ids: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Replace `get_channel_ids_for_content_database_dir`, which deletes unreadable databases."""

    @wraps(list_ids)
    def list_existing(folder: str) -> list[str]:
        from kolibri.utils.uuids import is_valid_uuid

        if not os.path.isdir(folder):
            return []
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(SUFFIX)]
        ids = [name.partition(SUFFIX)[0] for name in names]
        return [id_ for id_ in ids if is_valid_uuid(id_) and _has_content(folder, id_)]

    return list_existing


def _has_content(folder: str, channel_id: str) -> bool:
    try:
        return os.stat(os.path.join(folder, channel_id + SUFFIX)).st_size > 0
    except FileNotFoundError:
        return False


def _confirm_missing(checksum: str, extension: str) -> None:
    """Look for the file again, and accept only "not found" as an answer.

    :raises OSError: when the file is there, or the share gives another error.
    :raises ContentShareError: when the share is not mounted.
    """
    from kolibri.core.content.utils import paths

    name = paths.get_content_file_name({"id": checksum, "extension": extension})
    path = paths.get_content_storage_file_path(name)
    require_mount(path)
    try:
        os.stat(path)
    except FileNotFoundError:
        return
    raise OSError(f"{path} exists, but a scan did not find it")
