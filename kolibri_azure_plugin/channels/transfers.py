"""How Kolibri's transfers end: with the new file in the place of the old one, or as it was."""

# ruff: noqa: SLF001 - what a transfer knows of its file has no other name

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any, Callable

from kolibri_azure_plugin.channels.database_files import (
    channel_of,
    end_if_cancelled,
    make_sure_it_is_whole,
    set_aside,
)
from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.wrapping import wraps


def replace_safely(finalize: Callable[..., None]) -> Callable[..., None]:
    """Around `TransferFile.finalize_file`, which renames the new file onto the old one."""

    @wraps(finalize)
    def safely(file: Any) -> None:
        # What has still to be written is written now: the old file is away for a moment only.
        file.close()
        if file._finalized or not os.path.exists(file._tmp_filepath):
            finalize(file)
            return
        is_database = channel_of(file.filepath) is not None
        if is_database:
            make_sure_it_is_whole(file._tmp_filepath, file.filepath)
        aside = replacing.move_into_place(
            lambda: finalize(file), file.filepath, give_up=end_if_cancelled
        )
        if aside is not None and is_database:
            set_aside()[file.filepath] = aside
        elif aside is not None:
            replacing.remove_if_possible(aside)

    return safely


def delete_what_is_new(delete: Callable[..., None]) -> Callable[..., None]:
    """In place of `TransferFile.delete`, which deletes the file that was to be replaced as well."""

    @wraps(delete)
    def delete_unfinished(file: Any) -> None:
        # Also where the share is away just now.
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            os.remove(file._tmp_filepath)

    return delete_unfinished


def fetch_newer(is_complete: Callable[..., bool]) -> Callable[..., bool]:
    """Around `TransferFile.is_complete`, which takes any file of that name for the one wanted.

    True of content, whose names are digests. A channel's database has one name in all versions.
    """

    @wraps(is_complete)
    def has_come(file: Any, start: int | None = None, end: int | None = None) -> bool:
        if channel_of(file.filepath) is None or file._finalized:
            return is_complete(file, start, end)
        return file._file_size is not None and file._bytes_written >= file._file_size

    return has_come


def begin_anew(download: Callable[..., None]) -> Callable[..., None]:
    """Around `FileDownload._run_no_byte_range_download`, which is called again after a failure.

    It asks for the whole file then, and writes it behind what has come before.
    """

    @wraps(download)
    def from_the_start(transfer: Any, progress_callback: Any) -> None:
        from kolibri.utils.file_transfer import TransferFile

        file = transfer.dest_file_obj
        if isinstance(file, TransferFile):
            file.close()
            file._bytes_written, file.hasher = 0, hashlib.md5()  # noqa: S324 - Kolibri's
        download(transfer, progress_callback)

    return from_the_start
