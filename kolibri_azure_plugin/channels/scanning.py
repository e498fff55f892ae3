"""Looks through the content as Kolibri does, and believes only a share that answers.

To Kolibri, what can't be read is not there: a file is called unavailable, a database deleted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable

from kolibri_azure_plugin.channels.perseverance import persevere, require_mount
from kolibri_azure_plugin.channels.trying_again import content_folder
from kolibri_azure_plugin.content.replacing import nobody_gives_up
from kolibri_azure_plugin.wrapping import wraps

SUFFIX = ".sqlite3"

#: Id, whether it was available, and extension, as Kolibri asks the database for them.
File = tuple[str, bool, str]


def believe_what_is_said(check: Callable[..., Any]) -> Callable[..., Any]:
    """Around `_check_file_availability`: what it calls missing has to be said to be missing."""

    @wraps(check)
    def careful(files: Sequence[File]) -> Any:
        def look() -> Any:
            available, unavailable = check(files)
            lost = set(unavailable)
            for checksum, _, extension in files:
                if checksum in lost:
                    _require_that_it_is_missing(checksum, extension)
            return available, unavailable

        return persevere(
            look, folder=content_folder(), source=None, job=None, give_up=nobody_gives_up
        )

    return careful


def delete_no_database(list_ids: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """In place of `get_channel_ids_for_content_database_dir`, which deletes what it can't see."""

    @wraps(list_ids)
    def listed(folder: str) -> list[str]:
        from kolibri.utils.uuids import is_valid_uuid

        if not os.path.isdir(folder):
            return []
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(SUFFIX)]
        ids = [name.partition(SUFFIX)[0] for name in names]
        return [id_ for id_ in ids if is_valid_uuid(id_) and _has_content(folder, id_)]

    return listed


def _has_content(folder: str, channel_id: str) -> bool:
    try:
        return os.stat(os.path.join(folder, channel_id + SUFFIX)).st_size > 0
    except FileNotFoundError:
        return False


def _require_that_it_is_missing(checksum: str, extension: str) -> None:
    """Ask again, and take no error for an answer.

    :raises OSError: when nobody says that it is missing.
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
    raise OSError(f"{path} is there, and was not seen")
