"""Makes Kolibri's transfers atomic: they end with the new file, or with the old one untouched."""

# ruff: noqa: SLF001 - a transfer exposes its file in private attributes only

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any, Callable

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.content.channels.database_files import (
    channel_of,
    raise_if_cancelled,
    require_complete_database,
    set_aside,
)
from kolibri_azure_plugin.wrapping import wraps


def replace_safely(finalize: Callable[..., None]) -> Callable[..., None]:
    """Wrap `TransferFile.finalize_file`, which renames the new file onto the old one."""

    @wraps(finalize)
    def finalize_safely(file: Any) -> None:
        # Flush now, to keep the moment short in which neither file has the name.
        file.close()
        if file._finalized or not os.path.exists(file._tmp_filepath):
            finalize(file)
            return
        is_database = channel_of(file.filepath) is not None
        if is_database:
            require_complete_database(file._tmp_filepath, file.filepath)
        aside = replacing.move_into_place(
            lambda: finalize(file), file.filepath, check_cancelled=raise_if_cancelled
        )
        if aside is not None and is_database:
            set_aside()[file.filepath] = aside
        elif aside is not None:
            replacing.remove_if_possible(aside)

    return finalize_safely


def delete_unfinished_only(delete: Callable[..., None]) -> Callable[..., None]:
    """Replace `TransferFile.delete`, which also deletes the file that was to be replaced."""

    @wraps(delete)
    def delete_unfinished(file: Any) -> None:
        # The share may be down.
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            os.remove(file._tmp_filepath)

    return delete_unfinished


def refetch_stale_file(is_complete: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap `TransferFile.is_complete`, which accepts any file that has the right name.

    A channel's database has the same name in all versions, and a file of content that was only
    partly written has the name of the whole one. Kolibri would then fetch nothing, and compare the
    digest of nothing. It starts a download only if a file is missing or has the wrong size.
    """

    @wraps(is_complete)
    def is_downloaded(file: Any, start: int | None = None, end: int | None = None) -> bool:
        if file._finalized:
            return is_complete(file, start, end)
        return file._file_size is not None and file._bytes_written >= file._file_size

    return is_downloaded


def restart_download(download: Callable[..., None]) -> Callable[..., None]:
    """Wrap `FileDownload._run_no_byte_range_download`, which is called again after a failure.

    It then requests the whole file, and appends it to the part that arrived before.
    """

    @wraps(download)
    def restart(transfer: Any, progress_callback: Any) -> None:
        from kolibri.utils.file_transfer import TransferFile

        file = transfer.dest_file_obj
        if isinstance(file, TransferFile):
            file.close()
            file._bytes_written, file.hasher = 0, hashlib.md5()  # noqa: S324 - Kolibri's
        download(transfer, progress_callback)

    return restart
