"""Finds and ends the descendants of a process, in any session.

Processes that end during a scan may be missing, but no others. This module does not use the
kernel's list of children, because it may omit live children while another one ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

#: The number in linux/prctl.h.
PR_SET_CHILD_SUBREAPER = 36

PAUSE_SECONDS = 0.05


def adopt_orphans() -> None:
    """Adopt descendants whose own parent ends, so that they can still be found.

    Works only on Linux; elsewhere process 1 adopts them.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants(seconds: float) -> None:
    """Send SIGTERM to all, and SIGKILL to the rest after `seconds`; return when all have ended.

    Call it last, because it reaps all children.
    """
    deadline = time.monotonic() + seconds
    asked: set[int] = set()
    while True:
        _reap()
        present = descendants()
        if not present:
            return
        late = time.monotonic() > deadline
        for pid in present if late else present - asked:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= present
        time.sleep(PAUSE_SECONDS)


def descendants(root: int | None = None) -> set[int]:
    """The processes below `root`, or below this one; empty where there is no /proc."""
    families: dict[int, list[int]] = {}
    for child, parent in _parents():
        families.setdefault(parent, []).append(child)
    found: set[int] = set()
    waiting = [root or os.getpid()]
    while waiting:
        for child in families.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def children(pid: int) -> set[int]:
    """The direct children of a process."""
    return {child for child, parent in _parents() if parent == pid}


def command_line(pid: int) -> str:
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def _parents() -> Iterator[tuple[int, int]]:
    """Each process and its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in parentheses, may contain anything; then come the state and the parent.
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            yield int(stat.parent.name), parent


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
