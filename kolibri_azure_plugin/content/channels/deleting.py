"""Deletes a channel's files so that their names are free at once, even while visitors read them.

On an SMB share, a deleted file that is open keeps its name until the last reader closes it, and
nginx keeps popular files open. A new import of the channel would find that file and lose it when it
is closed, or be refused its name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.wrapping import wraps


def remove_channel_files(delete: Callable[..., Any]) -> Callable[..., Any]:
    """Replace `LocalFileQueryset.delete_unused_files`, which yields whether it removed each."""

    @wraps(delete)
    def remove_files(files: Any) -> Iterator[tuple[bool, dict[str, Any]]]:
        for file in files.get_unused_files().values("id", "extension"):
            yield _is_removed(file), file
        files.get_unused_files().update(available=False)

    return remove_files


def remove_channel_database(delete: Callable[..., tuple[int, bool]]) -> Callable[..., Any]:
    """Wrap `delete_metadata`, and delete the channel's database right after it.

    Kolibri deletes the files first and the database last. If it is killed in between, the next scan
    imports the channel again from its database.
    """

    @wraps(delete)
    def delete_with_database(channel: Any, *others: Any, **named: Any) -> tuple[int, bool]:
        from kolibri.core.content.utils.paths import get_content_database_file_path

        path = get_content_database_file_path(channel.id)
        resources, everything = delete(channel, *others, **named)
        if everything:
            with contextlib.suppress(OSError):
                replacing.remove(path)
        return resources, everything

    return delete_with_database


def _is_removed(file: dict[str, Any]) -> bool:
    from kolibri.core.content.errors import InvalidStorageFilenameError
    from kolibri.core.content.utils import paths

    try:
        name = paths.get_content_file_name(file)
        replacing.remove(paths.get_content_storage_file_path(name))
    except (OSError, InvalidStorageFilenameError):
        return False
    return True
