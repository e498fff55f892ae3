"""Names of files that channels bring along: what they become on the share.

A channel is made by others. Its files are named by a digest and an ending, its database by an id;
Kolibri looks at how a name begins, and makes the folders that it leads to.
"""

from __future__ import annotations

import os
import re
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: What Kolibri wants of a name, of all of it; the ending is at most as long as its column.
STORED = re.compile(r"[0-9a-f]{32}(?:-data)?\.[0-9a-z]{1,40}")

#: The databases of channels, and of their versions that only are looked at.
DATABASE = re.compile(r"[0-9a-f]{32}(?:-[a-z]+)?\.sqlite3")


def take_whole_names(path_of: Callable[..., str]) -> Callable[..., str]:
    """Around `get_content_storage_file_path`, which compares the beginning of a name alone."""

    @wraps(path_of)
    def of_whole_name(filename: str, *others: Any, **named: Any) -> str:
        if STORED.fullmatch(filename) is None:
            raise _invalid(filename)
        return path_of(filename, *others, **named)

    return of_whole_name


def take_known_names(begin: Callable[..., None]) -> Callable[..., None]:
    """Around `Transfer.__init__`, which makes all folders on the way to a file."""

    @wraps(begin)
    def begin_with(transfer: Any, source: str, dest: str, *others: Any, **named: Any) -> None:
        _refuse_strange(dest)
        begin(transfer, source, dest, *others, **named)

    return begin_with


def take_known_names_of_parts(begin: Callable[..., None]) -> Callable[..., None]:
    """Around `ChunkedFile.__init__`, which makes a folder for the parts of a file."""

    @wraps(begin)
    def begin_with(file: Any, filepath: str, *others: Any, **named: Any) -> None:
        _refuse_strange(filepath)
        begin(file, filepath, *others, **named)

    return begin_with


def _refuse_strange(path: str) -> None:
    folder, name = os.path.split(path)
    if ".." in folder.split(os.sep) or not (STORED.fullmatch(name) or DATABASE.fullmatch(name)):
        raise _invalid(path)


def _invalid(name: str) -> Exception:
    from kolibri.core.content.errors import InvalidStorageFilenameError

    return InvalidStorageFilenameError(
        f"{name!r} is no name of a channel's file: expected 32 digits and an ending of lower-case "
        "letters and digits."
    )
