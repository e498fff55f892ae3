"""Reads the mount table without touching the mounts: even ``stat`` hangs on a dead share."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator

MOUNTINFO = "/proc/self/mountinfo"


@dataclasses.dataclass(frozen=True)
class Mount:
    """One line of mountinfo. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html

    :param root: the folder of the source that is mounted.
    """

    path: str
    type: str
    source: str
    read_only: bool
    root: str = "/"


def mounted_at(path: str) -> Mount | None:
    """The mount at exactly this path. Of several, the last one, which hides the others."""
    wanted = os.path.normpath(path)
    found = None
    for mount in mounts():
        if mount.path == wanted:
            found = mount
    return found


def mount_around(path: str) -> Mount | None:
    """The mount that a path is in; None for one in the root of the file system."""
    place, found = os.path.abspath(path), None
    for mount in mounts():
        is_around = os.path.commonpath([mount.path, place]) == mount.path != "/"
        if is_around and (found is None or len(mount.path) >= len(found.path)):
            found = mount
    return found


def mounts() -> Iterator[Mount]:
    """All mounts of this process; none on a system without mountinfo."""
    try:
        with open(MOUNTINFO, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                yield _parse(line)
    except FileNotFoundError:
        return


def _parse(line: str) -> Mount:
    fields = line.split()
    separator = fields.index("-", 6)
    kind, source = fields[separator + 1], fields[separator + 2]
    options = {*fields[5].split(","), *fields[separator + 3].split(",")}
    return Mount(
        _unescape(fields[4]), kind, _unescape(source), "ro" in options, _unescape(fields[3])
    )


def _unescape(text: str) -> str:
    """Decode octal escapes: the kernel writes a space as a backslash and 040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)
