"""Replaces files on a share, even while they are open.

An SMB server refuses to rename a file onto one that is open. Linux then deletes the open file, and
both are lost. But the server lets an open file be renamed. So the old file is set aside under
another name and the new one takes its name, while readers go on with the old one.

Between the two renames no file has the name: SMB can't exchange two names, and Azure Files has no
hard links. So the name of a file set aside contains its original name. Readers find it by that, and
so does the process that cleans up after one that was killed.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable
from typing import Callable

from kolibri_azure_plugin.content.mounts import mounts
from kolibri_azure_plugin.errors import ContentShareError

logger = logging.getLogger(__name__)

#: The name of a file set aside: its original name, the time in nanoseconds, and a random part.
SET_ASIDE = re.compile(r"(?P<name>.+)\.(?P<when>[0-9a-f]{16})-[0-9a-f]{8}\.replaced")

#: The name of a file being removed, which is never put back.
REMOVED = re.compile(r".+\.[0-9a-f]{16}-[0-9a-f]{8}\.removed")

SMB = frozenset({"cifs", "smb3"})

#: The errors for a file that is open in a way that forbids renaming it.
IN_USE = frozenset({errno.EACCES, errno.EBUSY, errno.EPERM, errno.ETXTBSY})

#: Seconds to keep trying with such a file, and between two tries.
IN_USE_TIMEOUT = 60.0
PAUSE = 0.5


def never_cancelled() -> None:
    """The `check_cancelled` of callers without a task."""


def move_into_place(
    move: Callable[[], None], path: str, *, check_cancelled: Callable[[], None] = never_cancelled
) -> str | None:
    """Set aside the file at a path, and move the new one there. Returns where the old one is.

    On any error, the old file is put back.

    :param move: moves the new file to the path; it may be called several times.
    :param check_cancelled: called while the file is in use; an exception ends the wait.
    :raises ContentShareError: when the old file stays in use.
    """
    aside = _retry_while_in_use(lambda: _set_aside(path), path, check_cancelled)
    try:
        _retry_while_in_use(move, path, check_cancelled)
        # Kolibri's own move silently does nothing when it can't find the new file.
        os.stat(path)
    except BaseException:
        if aside is not None:
            _put_back(aside, path)
        raise
    return aside


def put_back(path: str) -> bool:
    """Move the newest file set aside back to a path that is free. Returns whether there was one."""
    aside = newest_set_aside(path)
    if aside is None or os.path.lexists(path):
        return False
    os.rename(aside, path)
    logger.warning("Moved %s back: a process that was killed had set it aside.", path)
    return True


def swap_back(aside: str, path: str) -> None:
    """Put a file set aside back, in place of the one that replaced it."""
    later = move_into_place(lambda: os.rename(aside, path), path)
    if later is not None:
        remove_if_possible(later)


def remove(path: str) -> None:
    """Remove a file so that its name is free at once, even while readers have it open.

    A file that is still open stays under another name until housekeeping removes it.

    :raises OSError: when it is missing or can't be removed.
    """
    if _supports_hard_links(path):
        os.remove(path)
        return
    doomed = _other_name(path, "removed")
    os.rename(path, doomed)
    remove_if_possible(doomed)


def newest_set_aside(path: str) -> str | None:
    """The file that was set aside from this path last; None if there is none."""
    folder, name = os.path.split(path)
    found = [each for each in _names(folder) if original_name(each) == name]
    return os.path.join(folder, max(found, key=_set_aside_time)) if found else None


def original_name(name: str) -> str | None:
    """The name that a file had before it was set aside; None for any other file."""
    found = SET_ASIDE.fullmatch(name)
    return found.group("name") if found else None


def remove_if_possible(path: str) -> None:
    """Remove a file whose name no one needs, or leave it to housekeeping."""
    with contextlib.suppress(OSError):
        os.remove(path)


def _set_aside(path: str) -> str | None:
    """Give a file another name. With hard links, it also keeps the old one until the move."""
    aside = _other_name(path, "replaced")
    try:
        if not (_supports_hard_links(path) and _try_link(path, aside)):
            os.rename(path, aside)
    except FileNotFoundError:
        return None
    return aside


def _other_name(path: str, ending: str) -> str:
    return f"{path}.{time.time_ns():016x}-{secrets.token_hex(4)}.{ending}"


def _try_link(path: str, aside: str) -> bool:
    """Create a hard link; False when the file system refuses, with whatever error.

    :raises FileNotFoundError: when there is no such file.
    """
    try:
        os.link(path, aside)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _supports_hard_links(path: str) -> bool:
    """False on SMB. Some servers create hard links, but none replaces an open file."""
    real = os.path.realpath(path)
    above = [mount for mount in mounts() if os.path.commonpath([mount.path, real]) == mount.path]
    # Of two mounts at the same path, the later one hides the other.
    deepest = max(enumerate(above), key=lambda each: (len(each[1].path), each[0]), default=None)
    return deepest is None or deepest[1].type not in SMB


def _put_back(aside: str, path: str) -> None:
    try:
        if os.path.lexists(path) and os.path.samefile(aside, path):
            os.remove(aside)
        elif not os.path.lexists(path):
            os.rename(aside, path)
    except OSError as error:
        # The share has just gone away. The next process finds the file by its name.
        logger.warning("Can't move %s back now, it remains as %s: %s", path, aside, error)


def _retry_while_in_use(
    step: Callable[[], str | None], path: str, check_cancelled: Callable[[], None]
) -> str | None:
    began = time.monotonic()
    while True:
        try:
            return step()
        except OSError as error:
            if error.errno not in IN_USE:
                raise
            if time.monotonic() - began >= IN_USE_TIMEOUT:
                raise _in_use(path, error) from error
        check_cancelled()
        time.sleep(PAUSE)


def _in_use(path: str, error: OSError) -> ContentShareError:
    return ContentShareError(
        f"{os.path.basename(path)} can't be replaced while it is open.",
        expected=f"a file at {path} that can be renamed while it is read",
        found=f"{error.strerror or error}, for {IN_USE_TIMEOUT:g} seconds; "
        "the old file is still in place",
        remedy="Try again when fewer people download it, such as at night.\n"
        "To see who has it open: az storage share list-handle --account-name ACCOUNT "
        "-n SHARE --recursive",
        code="share-file-in-use",
        transient=True,
    )


def _names(folder: str) -> Iterable[str]:
    try:
        # Unlike a look-up of one name, listing the folder never uses the kernel's cache.
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _set_aside_time(name: str) -> str:
    found = SET_ASIDE.fullmatch(name)
    return found.group("when") if found else ""
