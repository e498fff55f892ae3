"""How files of channels are deleted while visitors read them: so that their names are free at once.

On a share of SMB a file that is open keeps its name until the last reader ends, and nginx keeps
files open that are asked for often. Kolibri would find the file there when the channel is imported
again, or be refused its name, and lose it when the reader ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.wrapping import wraps


def free_names_of_files(delete: Callable[..., Any]) -> Callable[..., Any]:
    """In place of `LocalFileQueryset.delete_unused_files`, which yields whether each was there."""

    @wraps(delete)
    def delete_and_free_names(files: Any) -> Iterator[tuple[bool, dict[str, Any]]]:
        for file in files.get_unused_files().values("id", "extension"):
            yield _is_removed(file), file
        files.get_unused_files().update(available=False)

    return delete_and_free_names


def free_name_of_database(delete: Callable[..., tuple[int, bool]]) -> Callable[..., Any]:
    """Around `delete_metadata`, after which Kolibri deletes the files, and the database at last.

    A deletion that is killed in between leaves no database that a scan would import again.
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
