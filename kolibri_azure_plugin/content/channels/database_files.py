"""Keeps a channel's old database until the new one is complete.

When an update fails or is cancelled, Kolibri removes the old file before the new one has arrived,
which leaves the channel without a database.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from typing import Any, Callable
from urllib.parse import quote

from kolibri_azure_plugin.content import replacing
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.wrapping import wraps

#: Kolibri's names for databases. A version that is fetched only for comparison ends in -upgrade.
DATABASE = re.compile(
    r"(?:.*/)?databases/(?P<channel>[0-9a-f]{32})(?:-upgrade)?\.sqlite3", re.DOTALL
)
UPGRADE_SUFFIX = "-upgrade.sqlite3"

CHANNEL = "SELECT id, version FROM content_channelmetadata LIMIT 1"

_turn = threading.local()


def restore_after_failed_transfer(transfer: Callable[..., None]) -> Callable[..., None]:
    """Wrap `start_file_transfer`: a failed or cancelled transfer leaves the channel as it was.

    Kolibri removes the database of a cancelled task, even one that was there before the task.
    """

    @wraps(transfer)
    def transfer_or_restore(filetransfer: Any, channel_id: str, dest: str, *others: Any) -> None:
        from kolibri.utils.file_transfer import TransferCanceled

        with _restore_on_error(dest):
            with contextlib.suppress(TransferCanceled):
                transfer(filetransfer, channel_id, dest, *others)
            if not dest.endswith(UPGRADE_SUFFIX):
                raise_if_cancelled()

    return transfer_or_restore


def restore_after_failed_import(run: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `do_channel_database_import`, which imports a database before the channel's files."""

    @wraps(run)
    def run_or_restore(manager: Any) -> Any:
        from kolibri.core.content.utils import paths

        dest = paths.get_content_database_file_path(
            manager.channel_id, contentfolder=manager.content_dir
        )
        with _restore_on_error(dest):
            return run(manager)

    return run_or_restore


def cancel_before_removal(clean_up: Callable[..., None]) -> Callable[..., None]:
    """Wrap `_cleanup_upgrade_database`, after which a cancelled import removes the database."""

    @wraps(clean_up)
    def clean_up_and_check(manager: Any) -> None:
        clean_up(manager)
        manager.check_for_cancel()

    return clean_up_and_check


@contextlib.contextmanager
def _restore_on_error(path: str) -> Any:
    replacing.put_back(path)
    set_aside().pop(path, None)
    try:
        yield
    except BaseException:
        _undo(path)
        raise


def _undo(path: str) -> None:
    """Leave the file that matches the version in PostgreSQL, which is mostly the old one."""
    from kolibri.core.content.models import ChannelMetadata

    aside = set_aside().pop(path, None)
    if aside is None and not _is_cancelled():
        return
    version = ChannelMetadata.objects.filter(id=channel_of(path)).values_list("version").first()
    if version is None:
        # Cancelled before the channel was imported: there is nothing to keep.
        replacing.remove_if_possible(path)
    elif aside is not None and (_inside(path)[1:] != version or _inside(aside)[1:] == version):
        # In the other cases the new file stays, and housekeeping removes the old one.
        with contextlib.suppress(OSError, ContentShareError):
            replacing.swap_back(aside, path)


def set_aside() -> dict[str, str]:
    """The files that this thread has set aside, keyed by their original paths."""
    if not hasattr(_turn, "set_aside"):
        _turn.set_aside = {}
    files: dict[str, str] = _turn.set_aside
    return files


def channel_of(path: str) -> str | None:
    """The channel whose database is at this path; None for any other file."""
    found = DATABASE.fullmatch(path)
    return found.group("channel") if found else None


def require_complete_database(new: str, path: str) -> None:
    """Check a downloaded database. No digest of databases is published to compare it with.

    :raises TransferFailed: when it is truncated, not a database, or another channel's.
    """
    from kolibri.utils.file_transfer import TransferFailed

    found = _inside(new) if _is_complete(new) else ()
    if found[:1] != (channel_of(path),):
        os.remove(new)
        raise TransferFailed(
            f"{os.path.basename(path)} was not replaced. Expected a complete database of this "
            f"channel, found {f'channel {found[0]}' if found else 'a truncated or other file'}."
        )


def _is_complete(path: str) -> bool:
    """Compare the file's size with its header.

    https://sqlite.org/fileformat.html#the_database_header
    """
    with open(path, "rb") as file:
        header = file.read(100)
    size, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    # SQLite ignores the number of pages unless these two counters agree.
    counts = header[24:28] == header[92:96]
    return not counts or os.path.getsize(path) == pages * (65536 if size == 1 else size)


def _inside(path: str) -> tuple[Any, ...]:
    """The channel's id and version in a database; empty when it contains no channel."""
    # The file never changes, so SQLite can skip its locks, which are slow on the share.
    address = f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            [(channel, version)] = connection.execute(CHANNEL)
    except (sqlite3.Error, ValueError):
        return ()
    return str(channel).replace("-", "").lower(), version


def raise_if_cancelled() -> None:
    """Raise Kolibri's exception if the current task was cancelled; a command has no task."""
    job = _current_job()
    if job is not None:
        job.check_for_cancel()


def _is_cancelled() -> bool:
    from kolibri.core.tasks.exceptions import UserCancelledError

    try:
        raise_if_cancelled()
    except (UserCancelledError, KeyError):
        # Like Kolibri, treat a deleted task as cancelled.
        return True
    return False


def _current_job() -> Any:
    from kolibri.core.tasks.utils import get_current_job

    return get_current_job()
