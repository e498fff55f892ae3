"""Finds what the processes that serve content wait for, according to /proc.

It never accesses a share, so it never hangs.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")

#: Parts of the command lines of the parents of processes that read content. Both start a new child
#: when one dies.
NGINX = b"nginx/content_nginx.conf"
GUNICORN = b"kolibri_azure_plugin.container.gunicorn_zipcontent"

#: Prefixes of kernel functions in which a thread waits for anything but a file: for events, other
#: threads, time, pipes, connections and children. Any other function, or an unnamed one, may be a
#: wait for a file.
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

#: The contents of wchan for a running thread, and for one that the kernel does not reveal.
UNNAMED = ("", "0")


@dataclasses.dataclass(frozen=True)
class Wait:
    """One wait of a thread. It stays equal while the thread is stuck.

    :param waits: how often the thread has waited before.
    :param is_named: whether the kernel names the function in which it waits.
    """

    pid: int
    thread: int
    waits: str
    is_named: bool


class Waits:
    """The waits that continue from one check to the next, and since when."""

    def __init__(self) -> None:
        self._since: dict[Wait, float] = {}

    def see(self, waits: Iterable[Wait], now: float) -> None:
        """Record all present waits."""
        self._since = {wait: self._since.get(wait, now) for wait in waits}

    def lasting(self, seconds: float, now: float) -> set[Wait]:
        """The waits that have lasted for so long."""
        return {wait for wait, since in self._since.items() if now - since >= seconds}


def content_servers(root: int) -> dict[int, int]:
    """The descendants of a process that serve content (nginx, gunicorn), with their parents."""
    parents = parent_pids()
    starters = {pid for pid in set(parents.values()) if is_a(NGINX, pid) or is_a(GUNICORN, pid)}
    return {
        pid: parent
        for pid, parent in parents.items()
        if parent in starters and root in _ancestors(pid, parents)
    }


def file_waits(pid: int) -> Iterator[Wait]:
    """The waits of a process's threads that may be for a file."""
    for task in _entries(PROC / str(pid) / "task"):
        with contextlib.suppress(OSError):
            function = (task / "wchan").read_text()
            if not function.startswith(IDLE):
                yield from _wait(pid, task, is_named=function not in UNNAMED)


def any_waits(pid: int) -> Iterator[Wait]:
    """All waits of a process's threads."""
    for task in _entries(PROC / str(pid) / "task"):
        with contextlib.suppress(OSError):
            yield from _wait(pid, task, is_named=False)


def is_a(kind: bytes, pid: int) -> bool:
    """Whether a process's command line contains `kind`."""
    try:
        return kind in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def parent_pids() -> dict[int, int]:
    """The parent of each process."""
    found = {}
    for folder in _entries(PROC):
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in brackets may contain anything, even brackets.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found[int(folder.name)] = int(fields[1])
    return found


def _wait(pid: int, task: Path, *, is_named: bool) -> Iterator[Wait]:
    status = (task / "status").read_text()
    # It depends on the file system whether a wait for its server is in state S or D.
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
