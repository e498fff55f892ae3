"""The files of channels' databases: how a new one takes the place of the old one, or does not.

Kolibri removes the old file before the new one has come whenever something fails or somebody
cancels; an update that fails leaves a channel without its database.
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

#: As Kolibri names them; a version that only is looked at has another ending.
DATABASE = re.compile(
    r"(?:.*/)?databases/(?P<channel>[0-9a-f]{32})(?:-upgrade)?\.sqlite3", re.DOTALL
)
LOOKED_AT = "-upgrade.sqlite3"

CHANNEL = "SELECT id, version FROM content_channelmetadata LIMIT 1"

_turn = threading.local()


def keep_the_old_one(transfer: Callable[..., None]) -> Callable[..., None]:
    """Around `start_file_transfer`: what fails or is cancelled leaves the channel as it was.

    Kolibri removes the database after a task that was cancelled, whatever was there before.
    """

    @wraps(transfer)
    def keeping(filetransfer: Any, channel_id: str, dest: str, *others: Any) -> None:
        from kolibri.utils.file_transfer import TransferCanceled

        with _the_old_one_stays_unless_it_succeeds(dest):
            with contextlib.suppress(TransferCanceled):
                transfer(filetransfer, channel_id, dest, *others)
            if not dest.endswith(LOOKED_AT):
                end_if_cancelled()

    return keeping


def keep_the_old_one_in_imports(run: Callable[..., Any]) -> Callable[..., Any]:
    """Around `do_channel_database_import`, the same where a channel's files follow."""

    @wraps(run)
    def keeping(manager: Any) -> Any:
        from kolibri.core.content.utils import paths

        dest = paths.get_content_database_file_path(
            manager.channel_id, contentfolder=manager.content_dir
        )
        with _the_old_one_stays_unless_it_succeeds(dest):
            return run(manager)

    return keeping


def end_before_it_is_removed(clean_up: Callable[..., None]) -> Callable[..., None]:
    """Around `_cleanup_upgrade_database`, after which a cancelled import removes the database."""

    @wraps(clean_up)
    def cleaning_up(manager: Any) -> None:
        clean_up(manager)
        manager.check_for_cancel()

    return cleaning_up


@contextlib.contextmanager
def _the_old_one_stays_unless_it_succeeds(path: str) -> Any:
    replacing.put_back(path)
    set_aside().pop(path, None)
    try:
        yield
    except BaseException:
        _undo(path)
        raise


def _undo(path: str) -> None:
    """Have the file there that goes with what PostgreSQL holds: in most cases the old one."""
    from kolibri.core.content.models import ChannelMetadata

    aside = set_aside().pop(path, None)
    if aside is None and not _is_cancelled():
        return
    version = ChannelMetadata.objects.filter(id=channel_of(path)).values_list("version").first()
    if version is None:
        # What was cancelled before the channel was there leaves nothing of it.
        replacing.remove_if_possible(path)
    elif aside is not None and (_inside(path)[1:] != version or _inside(aside)[1:] == version):
        # Otherwise the new one stays, and housekeeping removes the old one.
        with contextlib.suppress(OSError, ContentShareError):
            replacing.swap_back(aside, path)


def set_aside() -> dict[str, str]:
    """What this thread has set aside, by the paths that it had."""
    if not hasattr(_turn, "set_aside"):
        _turn.set_aside = {}
    files: dict[str, str] = _turn.set_aside
    return files


def channel_of(path: str) -> str | None:
    """The channel whose database is at this path; None for any other file."""
    found = DATABASE.fullmatch(path)
    return found.group("channel") if found else None


def make_sure_it_is_whole(new: str, path: str) -> None:
    """Nothing else checks what has come: there is no digest of a database.

    :raises TransferFailed: when it is cut off, no database, or that of another channel.
    """
    from kolibri.utils.file_transfer import TransferFailed

    found = _inside(new) if _is_not_cut_off(new) else ()
    if found[:1] != (channel_of(path),):
        os.remove(new)
        raise TransferFailed(
            f"{os.path.basename(path)} was not replaced: what has come is no whole database of "
            f"this channel. Found: {found[0] if found else 'a file cut off, or something else'}."
        )


def _is_not_cut_off(path: str) -> bool:
    """What the file says of its own size. https://sqlite.org/fileformat.html#the_database_header"""
    with open(path, "rb") as file:
        header = file.read(100)
    size, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    # The number of pages counts where these two numbers agree.
    counts = header[24:28] == header[92:96]
    return not counts or os.path.getsize(path) == pages * (65536 if size == 1 else size)


def _inside(path: str) -> tuple[Any, ...]:
    """The id of the channel in a database and its version; empty where there is none."""
    # Nobody changes it, so that it need not be locked, which costs the share.
    address = f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            [(channel, version)] = connection.execute(CHANNEL)
    except (sqlite3.Error, ValueError):
        return ()
    return str(channel).replace("-", "").lower(), version


def end_if_cancelled() -> None:
    """Raise what ends a task that somebody has cancelled; a command is none."""
    job = _current_job()
    if job is not None:
        job.check_for_cancel()


def _is_cancelled() -> bool:
    from kolibri.core.tasks.exceptions import UserCancelledError

    try:
        end_if_cancelled()
    except (UserCancelledError, KeyError):
        # A task that is gone counts as cancelled, as for Kolibri.
        return True
    return False


def _current_job() -> Any:
    from kolibri.core.tasks.utils import get_current_job

    return get_current_job()
