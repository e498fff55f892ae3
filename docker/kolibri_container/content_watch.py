"""Keeps the site answering while the content share hangs.

Who opens a file on a share that hangs is stuck in the kernel: after a few such requests, all of
nginx. So this looks at what the processes that serve content wait for, which costs the share
nothing. When one has waited for a file for a second, the share is probed; when that hangs as
well, nginx begins anew with content held back: it answers 503 for content, and everything else as
ever. The share is then probed until it answers.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.probe import ProbeHangsError
from kolibri_container import configuration, logs
from kolibri_container.nginx import content_is_held_back, hold_content_back, release_content

logger = logging.getLogger(__name__)

#: Seconds between two looks, and those after which a wait for a file is suspicious.
PAUSE = 0.5
SUSPICIOUS = 1.0

#: Seconds between two probes of a share that hangs.
PROBE_PAUSE = 2.0

#: Where in the kernel one waits for a file server without being in state D: FUSE, as blobfuse uses
#: it. SMB and NFS wait in state D.
WAITS = ("request_wait_answer",)

PROC = Path("/proc")

#: A thread, and how often it has waited for anything: while it is stuck, that stays the same.
Wait = tuple[int, int, str]

#: In their command lines: who starts the processes that serve content, and new ones at SIGHUP.
NGINX = b"nginx: master"
GUNICORN = b"kolibri_container.gunicorn_zipcontent"


class ContentWatch:
    """What is known of the share from one look to the next.

    :param run: KOLIBRI_CONTAINER_RUN.
    :param content: the folder on the share.
    :param root: all that runs in the container descends from this process.
    """

    def __init__(self, run: Path, content: str, root: int) -> None:
        self._run = run
        self._content = content
        self._root = root
        self._waits: dict[Wait, float] = {}
        # One that was killed may have left it to this one to let content through again.
        self.hangs = content_is_held_back(run)

    def look(self) -> None:
        """Look once, and do what has to be done."""
        if self.hangs:
            if self._share_answers():
                self._release()
            return
        stuck = self._stuck()
        if stuck and not self._share_answers():
            self._hold_back(stuck)

    def _stuck(self) -> set[int]:
        """The processes of which a thread has waited for a file for too long."""
        now = time.monotonic()
        self._waits = {
            wait: self._waits.get(wait, now)
            for pid in servers_of_content(self._root)
            for wait in waits(pid)
        }
        return {wait[0] for wait, since in self._waits.items() if now - since >= SUSPICIOUS}

    def _share_answers(self) -> bool:
        try:
            probe.touch(self._content)
        except ProbeHangsError:
            return False
        except OSError:
            # Read-only, full or gone: nobody waits for it.
            return True
        return True

    def _hold_back(self, stuck: set[int]) -> None:
        logger.error("The share at %s hangs: content is held back until it answers.", self._content)
        self.hangs = True
        hold_content_back(self._run)
        for pid, parent in servers_of_content(self._root).items():
            if pid in stuck:
                # It may die of this only when the share answers, so others take its place now.
                _signal(pid, signal.SIGKILL)
                if _is(GUNICORN, parent):
                    _signal(parent, signal.SIGHUP)

    def _release(self) -> None:
        logger.info("The share at %s answers again.", self._content)
        self.hangs = False
        self._waits.clear()
        release_content(self._run)


def servers_of_content(root: int) -> dict[int, int]:
    """Below a process, those of nginx and of gunicorn for zip content, with their parents."""
    parents = _parents()
    return {
        pid: parent
        for pid, parent in parents.items()
        if root in _ancestors(pid, parents) and (_is(NGINX, parent) or _is(GUNICORN, parent))
    }


def waits(pid: int) -> Iterator[Wait]:
    """The threads of a process that wait for a file at this moment."""
    for task in _entries(PROC / str(pid) / "task"):
        with contextlib.suppress(OSError):
            status = (task / "status").read_text()
            if _field(status, "State").startswith("D") or (task / "wchan").read_text() in WAITS:
                yield pid, int(task.name), _field(status, "voluntary_ctxt_switches")


def _parents() -> dict[int, int]:
    """For each process the one that it belongs to."""
    found = {}
    for folder in _entries(PROC):
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in brackets may hold anything, brackets too.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found[int(folder.name)] = int(fields[1])
    return found


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid


def _is(kind: bytes, pid: int) -> bool:
    try:
        return kind in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _field(status: str, name: str) -> str:
    return status.partition(f"\n{name}:\t")[2].partition("\n")[0]


def main() -> None:
    logs.configure()
    found = configuration.find(os.environ)
    # Between the supervisor of all parts and this one stands the supervisor of this one.
    supervisor = _parents()[os.getppid()]
    watch = ContentWatch(found.run, str(found.content), supervisor)
    while True:
        watch.look()
        time.sleep(PROBE_PAUSE if watch.hangs else PAUSE)


if __name__ == "__main__":
    main()
