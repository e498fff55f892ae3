"""Checks, before a file is written, that it will fit."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator

from kolibri_azure_plugin.errors import MovingInError

#: Errors of a full disk, and of a full quota, as of a share.
FULL = (errno.ENOSPC, errno.EDQUOT)

#: Bytes that stay free for everything else that writes to the disk.
RESERVE = 200 << 20

#: The copy, the same records once more as Morango stores them, again as it sends them, and SQLite's
#: journal: 8 times the size of a database with 200,000 answers that had never synced.
TIMES_THE_DATABASE = 10

MIB = 1 << 20

MAKE_ROOM = (
    "Make room there, or mount a larger disk or share. Then run the same command again: it "
    "continues."
)

#: For what an archive has to be unpacked for.
UNPACK = (
    "Make room there. Or unpack the archive on a share and give the folder instead of the archive: "
    "the channels of a folder are read in place. Or leave the channels out with --no-content, and "
    "import them from Kolibri's catalogue. The command continues where it stopped."
)


def require(folder: str, wanted: int, purpose: str, remedy: str = MAKE_ROOM) -> None:
    """:raises MovingInError: when `folder` has no room for so many bytes, and a reserve."""
    free = shutil.disk_usage(folder).free
    if free < wanted + RESERVE:
        expected = f"{(wanted + RESERVE) // MIB} MiB"
        raise none_left(folder, purpose, f"{free // MIB} MiB", expected, remedy)


@contextlib.contextmanager
def explained(folder: str, purpose: str, remedy: str = MAKE_ROOM) -> Iterator[None]:
    """Turn the errors of a full disk into instructions."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if not is_full(error):
            raise
        raise none_left(folder, purpose, free_mebibytes(folder), remedy=remedy) from error


def none_left(
    folder: str, purpose: str, free: str, wanted: str = "more room", remedy: str = MAKE_ROOM
) -> MovingInError:
    """The error of a disk that is full, or would be."""
    return MovingInError(
        f"There is no room for {purpose}.",
        expected=f"{wanted} at {folder}",
        found=f"{free} free",
        remedy=remedy,
        code="moving-in-room",
    )


def is_full(error: BaseException) -> bool:
    """True if a disk had no room, according to the system or to SQLite."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error)


def has_none(folder: str) -> bool:
    """True if the disk is as good as full."""
    return shutil.disk_usage(folder).free < MIB


def used(folder: str) -> int:
    """The bytes of the files in a folder."""
    return sum(
        os.path.getsize(os.path.join(path, name))
        for path, _, names in os.walk(folder)
        for name in names
    )


def free_mebibytes(folder: str) -> str:
    """The free space, for people."""
    try:
        return f"{shutil.disk_usage(os.path.realpath(folder)).free // MIB} MiB"
    except OSError as error:
        return str(error.strerror)
