"""What may have gone wrong in an import, whether trying again helps, and what to tell about it."""

from __future__ import annotations

import os
import sqlite3

from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.content.patience import LASTING
from kolibri_azure_plugin.errors import ContentShareError, InterruptedImportError

GO_ON = (
    "Then begin the import again, with Retry in Kolibri's list of tasks or with the same command: "
    "it goes on where it was, and what has arrived is not fetched again."
)


def may_pass(error: BaseException, source: str | None) -> bool:
    """True when trying again may help: whatever the share may have caused, and wrong bytes.

    :param source: the folder of the drive that is imported from, if it is one.
    """
    if isinstance(error, ContentShareError):
        return not isinstance(error, InterruptedImportError) and error.code not in LASTING
    return bytes_are_wrong(error) or (_may_be_the_share(error, source) and not _is_full(error))


def bytes_are_wrong(error: BaseException | None) -> bool:
    """True when a file has come that is not the one that its name promises."""
    from kolibri.utils.file_transfer import TransferFailed

    return isinstance(error, TransferFailed)


def interruption(
    error: Exception, folder: str, source: str | None, seconds: int
) -> InterruptedImportError | None:
    """What to tell an administrator; None for what has nothing to do with the share.

    :param seconds: how long an import waits for the share.
    """
    if isinstance(error, InterruptedImportError):
        return None
    if isinstance(error, ContentShareError):
        cause = error
    elif not _may_be_the_share(error, source):
        return None
    elif isinstance(error, OSError) and _is_full(error):
        cause = share.explain(folder, error)
    else:
        return _a_file_fails(error, folder)
    return InterruptedImportError(
        cause.failed,
        expected=f"{cause.expected}; an import waits for it, {seconds} seconds at most",
        found=cause.found,
        remedy=f"{cause.remedy}\n{GO_ON}",
        code=cause.code,
    )


def _a_file_fails(error: Exception, folder: str) -> InterruptedImportError:
    return InterruptedImportError(
        f"A file can't be imported, although the share at {folder} works.",
        expected="a file that can be read where it comes from and written to the share",
        found=f"{error}, again and again",
        remedy=f"Look at that file, and at the drive that it comes from.\n{GO_ON}",
        code="import-file-fails",
    )


def _may_be_the_share(error: BaseException, source: str | None) -> bool:
    from requests import RequestException
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError):
        # Of all databases, only those of channels are files of SQLite.
        return isinstance(error.orig, sqlite3.Error)
    if isinstance(error, RequestException):
        # Is an OSError too; Kolibri itself tries again where it is worth it.
        return False
    return isinstance(error, OSError) and not _is_missing_at(source, error)


def _is_missing_at(source: str | None, error: OSError) -> bool:
    """True when a drive that is there has not this file: Kolibri leaves it out, and says so."""
    return (
        isinstance(error, FileNotFoundError)
        and source is not None
        and str(error.filename).startswith(source)
        and os.path.isdir(os.path.join(source, "content"))
    )


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in share.NO_ROOM
