"""How much of the machine the container may use: CPUs and memory, by cgroup v2 or v1."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")

#: Where both versions are mounted, below the root.
CGROUPS = "sys/fs/cgroup"

#: How cgroup v2 writes that there is no limit.
UNLIMITED = "max"


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the container may use.

    :param cpus: may be a fraction.
    :param memory: in bytes.
    """

    cpus: float
    memory: int


def find(root: Path = ROOT) -> Limits:
    """The container's limits, never more than the machine has.

    :param root: where ``/proc`` and ``/sys`` are.
    """
    cpus = [float(len(os.sched_getaffinity(0)))]
    memory = [_memory_of_the_machine(root)]
    for folder in _folders(root, "", ""):
        cpus += _cpus_of_version_2(folder)
        memory += _numbers(folder / "memory.max")
    for folder in _folders(root, "cpu", "cpu"):
        cpus += _cpus_of_version_1(folder)
    for folder in _folders(root, "memory", "memory"):
        memory += _numbers(folder / "memory.limit_in_bytes")
    return Limits(min(cpus), min(memory))


def _folders(root: Path, controller: str, mount: str) -> Iterator[Path]:
    """The folders that may limit this process: its own cgroup, and all above it.

    Inside a container the path may be one of the host's. Then it is not there, and what is mounted
    is the container's own cgroup.

    :param controller: as /proc/self/cgroup names it; empty in version 2.
    :param mount: its folder in /sys/fs/cgroup.
    """
    top = root / CGROUPS / mount
    path = PurePosixPath("/" + _paths(root).get(controller, "").lstrip("/"))
    for part in (path, *path.parents):
        folder = top / str(part).lstrip("/")
        if ".." not in part.parts and folder.is_dir():
            yield folder


def _paths(root: Path) -> dict[str, str]:
    """For each controller, the cgroup of this process; /proc/self/cgroup, see cgroups(7)."""
    paths: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _number, controllers, path = line.split(":", 2)
            paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _cpus_of_version_2(folder: Path) -> list[float]:
    words = _text(folder / "cpu.max").split()
    if len(words) != 2 or words[0] == UNLIMITED:  # noqa: PLR2004
        return []
    return [int(words[0]) / int(words[1])]


def _cpus_of_version_1(folder: Path) -> list[float]:
    quota = _numbers(folder / "cpu.cfs_quota_us")
    period = _numbers(folder / "cpu.cfs_period_us")
    # A quota of -1 is none.
    return [quota[0] / period[0]] if quota and period and quota[0] > 0 else []


def _memory_of_the_machine(root: Path) -> int:
    for line in (root / "proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == "MemTotal":
            return int(rest.split()[0]) * 1024
    raise ValueError("/proc/meminfo names no MemTotal")


def _numbers(path: Path) -> list[int]:
    """The number in a file; none where there is no such file, and where it says that none holds."""
    text = _text(path)
    return [int(text)] if text.lstrip("-").isdecimal() else []


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""
