"""What is mounted where, without touching it: even ``stat`` hangs on a dead share."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator

MOUNTINFO = "/proc/self/mountinfo"


@dataclasses.dataclass(frozen=True)
class Mount:
    """One line of mountinfo. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html"""

    path: str
    type: str
    source: str
    read_only: bool


def mounted_at(path: str) -> Mount | None:
    """The mount at exactly this path; the last one, where one hides another."""
    wanted = os.path.normpath(path)
    found = None
    for mount in mounts():
        if mount.path == wanted:
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
    return Mount(_unescape(fields[4]), kind, _unescape(source), "ro" in options)


def _unescape(text: str) -> str:
    """Spaces and the like stand as octal numbers, such as 040 after a backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)
