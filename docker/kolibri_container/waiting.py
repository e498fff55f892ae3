"""What the processes that serve content wait for, as the kernel tells in /proc.

Touches no share, so it never hangs.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")

#: In their command lines: who starts the processes that read content. Gunicorn starts new ones at
#: SIGHUP, nginx when one dies.
NGINX = b"nginx/content_nginx.conf"
GUNICORN = b"kolibri_container.gunicorn_zipcontent"

#: How the functions of the kernel begin in which a thread waits for anything but a file: for
#: events, other threads, time, pipes, connections and children. Anything else, and what the kernel
#: does not name, may be a file.
IDLE = (
    "ep_poll",
    "do_epoll",
    "do_poll",
    "do_select",
    "do_sys_poll",
    "poll_schedule_timeout",
    "futex_",
    "hrtimer_nanosleep",
    "do_nanosleep",
    "common_nsleep",
    "pipe_",
    "anon_pipe_",
    "unix_",
    "sock_",
    "sk_",
    "__skb_",
    "tcp_",
    "inet_csk_accept",
    "wait_woken",
    "do_wait",
    "do_sigtimedwait",
    "sigsuspend",
    "__do_sys_pause",
)

#: What stands there of a thread that runs, and of one of which the kernel does not tell.
UNNAMED = ("", "0")


@dataclasses.dataclass(frozen=True)
class Wait:
    """One wait of a thread, which stays the same while the thread is stuck.

    :param waits: how often it has waited before.
    :param is_named: whether the kernel says in which of its functions.
    """

    pid: int
    thread: int
    waits: str
    is_named: bool


class Waits:
    """Which waits go on from one look to the next, and since when."""

    def __init__(self) -> None:
        self._since: dict[Wait, float] = {}

    def see(self, waits: Iterable[Wait], now: float) -> None:
        """All that wait at this moment."""
        self._since = {wait: self._since.get(wait, now) for wait in waits}

    def lasting(self, seconds: float, now: float) -> set[Wait]:
        """Those that have been seen for so long."""
        return {wait for wait, since in self._since.items() if now - since >= seconds}


def servers_of_content(root: int) -> dict[int, int]:
    """Below a process, those of nginx and of gunicorn for zip content, with their parents."""
    parents = parents_of_processes()
    starters = {pid for pid in set(parents.values()) if is_a(NGINX, pid) or is_a(GUNICORN, pid)}
    return {
        pid: parent
        for pid, parent in parents.items()
        if parent in starters and root in _ancestors(pid, parents)
    }


def file_waits(pid: int) -> Iterator[Wait]:
    """The threads of a process that wait at this moment, perhaps for a file."""
    for task in _entries(PROC / str(pid) / "task"):
        with contextlib.suppress(OSError):
            function = (task / "wchan").read_text()
            if not function.startswith(IDLE):
                yield from _wait(pid, task, is_named=function not in UNNAMED)


def any_waits(pid: int) -> Iterator[Wait]:
    """The threads of a process that wait for anything at this moment, and do not run."""
    for task in _entries(PROC / str(pid) / "task"):
        with contextlib.suppress(OSError):
            yield from _wait(pid, task, is_named=False)


def is_a(kind: bytes, pid: int) -> bool:
    """Whether a process's command line says so."""
    try:
        return kind in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def parents_of_processes() -> dict[int, int]:
    """For each process the one that it belongs to."""
    found = {}
    for folder in _entries(PROC):
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in brackets may hold anything, brackets too.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found[int(folder.name)] = int(fields[1])
    return found


def _wait(pid: int, task: Path, *, is_named: bool) -> Iterator[Wait]:
    status = (task / "status").read_text()
    # S and D: whether one waits for a server in the one or the other is the file system's choice.
    if _field(status, "State")[:1] in ("S", "D"):
        yield Wait(pid, int(task.name), _field(status, "voluntary_ctxt_switches"), is_named)


def _ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _field(status: str, name: str) -> str:
    return status.partition(f"\n{name}:\t")[2].partition("\n")[0]
