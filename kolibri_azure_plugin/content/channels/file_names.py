"""Validates the file names in a channel before they become paths on the share.

A channel's data is untrusted. Its files are named by a digest and an extension, its database by an
id. Kolibri checks only the beginning of a name, and creates every folder in the path.
"""

from __future__ import annotations

import os
import re
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: The names that Kolibri expects. The limit of the extension is the length of its column.
STORED = re.compile(r"[0-9a-f]{32}(?:-data)?\.[0-9a-z]{1,40}")

#: Databases of channels, and of versions that are fetched only for comparison.
DATABASE = re.compile(r"[0-9a-f]{32}(?:-[a-z]+)?\.sqlite3")


def require_full_match(path_of: Callable[..., str]) -> Callable[..., str]:
    """Wrap `get_content_storage_file_path`, which checks only the beginning of a name."""

    @wraps(path_of)
    def path_of_full_match(filename: str, *others: Any, **named: Any) -> str:
        if STORED.fullmatch(filename) is None:
            raise _invalid(filename)
        return path_of(filename, *others, **named)

    return path_of_full_match


def require_known_names(begin: Callable[..., None]) -> Callable[..., None]:
    """Wrap `Transfer.__init__`, which creates every folder in the path of a file."""

    @wraps(begin)
    def begin_with(transfer: Any, source: str, dest: str, *others: Any, **named: Any) -> None:
        _require_known_name(dest)
        begin(transfer, source, dest, *others, **named)

    return begin_with


def require_known_part_names(begin: Callable[..., None]) -> Callable[..., None]:
    """Wrap `ChunkedFile.__init__`, which creates a folder for the parts of a file."""

    @wraps(begin)
    def begin_with(file: Any, filepath: str, *others: Any, **named: Any) -> None:
        _require_known_name(filepath)
        begin(file, filepath, *others, **named)

    return begin_with


def _require_known_name(path: str) -> None:
    folder, name = os.path.split(path)
    if ".." in folder.split(os.sep) or not (STORED.fullmatch(name) or DATABASE.fullmatch(name)):
        raise _invalid(path)


def _invalid(name: str) -> Exception:
    from kolibri.core.content.errors import InvalidStorageFilenameError

    return InvalidStorageFilenameError(
        f"{name!r} is not a valid name for a channel's file: expected 32 hexadecimal digits and an "
        "extension of lower-case letters and digits."
    )
