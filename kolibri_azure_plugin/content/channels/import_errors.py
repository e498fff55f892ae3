"""Classifies the errors of an import: whether to try again, and what to tell the administrator."""

from __future__ import annotations

import os
import sqlite3

from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.content.share_waiter import PERMANENT_CODES
from kolibri_azure_plugin.errors import ContentShareError, InterruptedImportError

RESUME_HINT = (
    "Then start the import again, with Retry in Kolibri's list of tasks or with the same command: "
    "it continues where it stopped, and fetches only the missing files."
)


def is_retryable(error: BaseException, source: str | None) -> bool:
    """True when trying again may help: the share may be the cause, or a file arrived corrupt.

    :param source: the folder on the drive, when the import is from a drive.
    """
    if isinstance(error, ContentShareError):
        return not isinstance(error, InterruptedImportError) and error.code not in PERMANENT_CODES
    return is_corrupt(error) or (_may_be_share_error(error, source) and not _is_full(error))


def is_corrupt(error: BaseException | None) -> bool:
    """True when a file's content does not match the digest in its name."""
    from kolibri.utils.file_transfer import TransferFailed

    return isinstance(error, TransferFailed)


def interruption(
    error: Exception, folder: str, source: str | None, seconds: int
) -> InterruptedImportError | None:
    """The error for the administrator; None when the share has nothing to do with it.

    :param seconds: how long an import waits for the share.
    """
    if isinstance(error, InterruptedImportError):
        return None
    if isinstance(error, ContentShareError):
        cause = error
    elif not _may_be_share_error(error, source):
        return None
    elif isinstance(error, OSError) and _is_full(error):
        cause = share.explain(folder, error)
    else:
        return _file_error(error, folder)
    return InterruptedImportError(
        cause.failed,
        expected=f"{cause.expected}; an import waits for it, {seconds} seconds at most",
        found=cause.found,
        remedy=f"{cause.remedy}\n{RESUME_HINT}",
        code=cause.code,
    )


def _file_error(error: Exception, folder: str) -> InterruptedImportError:
    return InterruptedImportError(
        f"A file can't be imported, although the share at {folder} works.",
        expected="a file that can be read from its source and written to the share",
        found=f"{error}, again and again",
        remedy=f"Check that file and the drive that it comes from.\n{RESUME_HINT}",
        code="import-file-fails",
    )


def _may_be_share_error(error: BaseException, source: str | None) -> bool:
    from requests import RequestException
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError):
        # Only the databases of channels are SQLite files.
        return isinstance(error.orig, sqlite3.Error)
    if isinstance(error, RequestException):
        # A subclass of OSError. Kolibri retries these itself.
        return False
    return isinstance(error, OSError) and not _is_missing_from_source(source, error)


def _is_missing_from_source(source: str | None, error: OSError) -> bool:
    """True when a drive is connected but lacks this file: Kolibri skips the file and reports it."""
    return (
        isinstance(error, FileNotFoundError)
        and source is not None
        and str(error.filename).startswith(source)
        and _has_content(source)
    )


def _has_content(drive: str) -> bool:
    """False when the drive is gone.

    A home that moves in is read through a folder with links to its own, and this folder remains.
    """
    folders = (os.path.join(drive, "content", name) for name in ("databases", "storage"))
    return any(os.path.isdir(folder) for folder in folders)


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in share.NO_ROOM
