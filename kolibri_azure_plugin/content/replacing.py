"""Puts a file in the place of another, on a share where somebody may be reading that.

A server of SMB refuses to rename a file onto one that is open, and Linux then deletes that one, so
that both are lost. What it takes is a new name for a file that is open: the old one is set aside,
the new one gets its name, and whoever reads goes on in the old one. Between the two renames nothing
has the name; SMB has no exchange of two names, and Azure Files no second name for one file. So what
is set aside has a name that tells whose place it had: readers find it there, and so does whoever
comes after a process that was killed.
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

#: After the name that a file had: when it was set aside, and what tells two of them apart.
SET_ASIDE = re.compile(r"(?P<name>.+)\.(?P<when>[0-9a-f]{16})-[0-9a-f]{8}\.replaced")

#: The same of a file that is to go for good, and never takes its place again.
REMOVED = re.compile(r".+\.[0-9a-f]{16}-[0-9a-f]{8}\.removed")

SMB = frozenset({"cifs", "smb3"})

#: What a server answers while somebody has a file open in a way that forbids its new name.
IN_USE = frozenset({errno.EACCES, errno.EBUSY, errno.EPERM, errno.ETXTBSY})

#: Seconds for which such a file is asked for again, and between two tries.
PATIENCE = 60.0
PAUSE = 0.5


def nobody_gives_up() -> None:
    """Where there is no task that could be cancelled."""


def move_into_place(
    move: Callable[[], None], path: str, *, give_up: Callable[[], None] = nobody_gives_up
) -> str | None:
    """Set aside what is at a path, then have the new file moved there; where the old one is now.

    :param move: gives the new file that path; it may be called several times.
    :param give_up: called while somebody keeps the file in use; what it raises ends the wait.
    :raises ContentShareError: when it stays in use. The old file is where it was then, as after
        whatever else goes wrong.
    """
    aside = _patiently(lambda: _set_aside(path), path, give_up)
    try:
        _patiently(move, path, give_up)
        # Kolibri's own move does nothing where it can't find the new file.
        os.stat(path)
    except BaseException:
        if aside is not None:
            _put_back(aside, path)
        raise
    return aside


def put_back(path: str) -> bool:
    """Give the newest file that was set aside its name again where nothing has it; True if so."""
    aside = newest_set_aside(path)
    if aside is None or os.path.lexists(path):
        return False
    os.rename(aside, path)
    logger.warning("%s is back, which a process that was killed had set aside.", path)
    return True


def swap_back(aside: str, path: str) -> None:
    """Put what was set aside in the place of what came after it."""
    later = move_into_place(lambda: os.rename(aside, path), path)
    if later is not None:
        remove_if_possible(later)


def remove(path: str) -> None:
    """Remove a file so that its name is free at once, whoever reads it still.

    What a reader keeps from going at once has another name; housekeeping removes it.

    :raises OSError: when it is not there, or can't be removed.
    """
    if _may_have_two_names(path):
        os.remove(path)
        return
    going = _other_name(path, "removed")
    os.rename(path, going)
    remove_if_possible(going)


def newest_set_aside(path: str) -> str | None:
    """The file that had this path last; None where there is none."""
    folder, name = os.path.split(path)
    found = [each for each in _names(folder) if name_before(each) == name]
    return os.path.join(folder, max(found, key=_when)) if found else None


def name_before(name: str) -> str | None:
    """The name that a file had which was set aside; None for any other."""
    found = SET_ASIDE.fullmatch(name)
    return found.group("name") if found else None


def remove_if_possible(path: str) -> None:
    """Remove a file that is in nobody's way; what can't be removed now is left to housekeeping."""
    with contextlib.suppress(OSError):
        os.remove(path)


def _set_aside(path: str) -> str | None:
    """Give a file another name; where it can have two, it keeps the old one until the move."""
    aside = _other_name(path, "replaced")
    try:
        if not (_may_have_two_names(path) and _is_linked(path, aside)):
            os.rename(path, aside)
    except FileNotFoundError:
        return None
    return aside


def _other_name(path: str, ending: str) -> str:
    return f"{path}.{time.time_ns():016x}-{secrets.token_hex(4)}.{ending}"


def _is_linked(path: str, aside: str) -> bool:
    """Give a file a second name; False where it can have none, for which each system has a word.

    :raises FileNotFoundError: when there is no file.
    """
    try:
        os.link(path, aside)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _may_have_two_names(path: str) -> bool:
    """False on SMB: where it takes a second name, it still refuses to replace the first."""
    real = os.path.realpath(path)
    above = [mount for mount in mounts() if os.path.commonpath([mount.path, real]) == mount.path]
    # Of two mounts at one place the later hides the other.
    deepest = max(enumerate(above), key=lambda each: (len(each[1].path), each[0]), default=None)
    return deepest is None or deepest[1].type not in SMB


def _put_back(aside: str, path: str) -> None:
    try:
        if os.path.lexists(path) and os.path.samefile(aside, path):
            os.remove(aside)
        elif not os.path.lexists(path):
            os.rename(aside, path)
    except OSError as error:
        # The share has just gone away; whoever comes next finds it by its name.
        logger.warning("%s stays aside as %s for now: %s", path, aside, error)


def _patiently(
    step: Callable[[], str | None], path: str, give_up: Callable[[], None]
) -> str | None:
    began = time.monotonic()
    while True:
        try:
            return step()
        except OSError as error:
            if error.errno not in IN_USE:
                raise
            if time.monotonic() - began >= PATIENCE:
                raise _in_use(path, error) from error
        give_up()
        time.sleep(PAUSE)


def _in_use(path: str, error: OSError) -> ContentShareError:
    return ContentShareError(
        f"{os.path.basename(path)} could not be replaced: somebody has it open.",
        expected=f"a file at {path} that can be renamed while it is read",
        found=f"{error.strerror or error}, for {PATIENCE:g} seconds; the old file is where it was",
        remedy="Try again when fewer people download it, such as at night.\n"
        "To see who has it open: az storage share list-handle --account-name ACCOUNT "
        "-n SHARE --recursive",
        code="share-file-in-use",
        transient=True,
    )


def _names(folder: str) -> Iterable[str]:
    try:
        # A list of the folder, unlike the question for one name, is never answered from memory.
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _when(name: str) -> str:
    found = SET_ASIDE.fullmatch(name)
    return found.group("when") if found else ""
