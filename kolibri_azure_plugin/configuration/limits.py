"""The CPUs and memory that this process may use, according to cgroup v2 or v1."""

from __future__ import annotations

import contextlib
import dataclasses
import operator
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")

#: The mount point of both versions, below the root.
CGROUPS = "sys/fs/cgroup"

#: How cgroup v2 spells "no limit".
UNLIMITED = "max"


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of this process and all others in its cgroup.

    :param cpus: may be a fraction.
    :param memory: in bytes.
    """

    cpus: float
    memory: int


def find(root: Path = ROOT) -> Limits:
    """The limits of a container, or of another cgroup; never more than the machine has.

    :param root: where ``/proc`` and ``/sys`` are.
    """
    cpus = [float(len(os.sched_getaffinity(0)))]
    for folder in _folders(root, "", ""):
        cpus += _cpus_v2(folder)
    for folder in _folders(root, "cpu", "cpu"):
        cpus += _cpus_v1(folder)
    limit, _usage = _memory_limit(root)
    return Limits(min(cpus), limit)


def memory_in_use(root: Path = ROOT) -> int:
    """Bytes in use under the limit that :func:`find` returns: in a cgroup, or on the machine."""
    _limit, usage = _memory_limit(root)
    used = _numbers(usage) if usage else []
    if used:
        return used[0]
    return _machine_memory(root, "MemTotal") - _machine_memory(root, "MemAvailable")


def _memory_limit(root: Path) -> tuple[int, Path | None]:
    """The smallest memory limit, and the file with the usage under that limit.

    The file is None if the limit is the machine's memory.
    """
    limits: list[tuple[int, Path | None]] = [(_machine_memory(root, "MemTotal"), None)]
    for folder in _folders(root, "", ""):
        limits += [(limit, folder / "memory.current") for limit in _numbers(folder / "memory.max")]
    for folder in _folders(root, "memory", "memory"):
        usage = folder / "memory.usage_in_bytes"
        limits += [(limit, usage) for limit in _numbers(folder / "memory.limit_in_bytes")]
    return min(limits, key=operator.itemgetter(0))


def _folders(root: Path, controller: str, mount: str) -> Iterator[Path]:
    """The folders that may limit this process: its own cgroup, and all above it.

    Inside a container the path may be one of the host's. That path does not exist here, and the
    mount is the container's own cgroup.

    :param controller: its name in /proc/self/cgroup; empty in version 2.
    :param mount: its folder in /sys/fs/cgroup.
    """
    top = root / CGROUPS / mount
    path = PurePosixPath("/" + _paths(root).get(controller, "").lstrip("/"))
    for part in (path, *path.parents):
        folder = top / str(part).lstrip("/")
        if ".." not in part.parts and folder.is_dir():
            yield folder


def _paths(root: Path) -> dict[str, str]:
    """The cgroup of this process for each controller, from /proc/self/cgroup, see cgroups(7)."""
    paths: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _number, controllers, path = line.split(":", 2)
            paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _cpus_v2(folder: Path) -> list[float]:
    words = _text(folder / "cpu.max").split()
    if len(words) != 2 or words[0] == UNLIMITED:  # noqa: PLR2004
        return []
    return [int(words[0]) / int(words[1])]


def _cpus_v1(folder: Path) -> list[float]:
    quota = _numbers(folder / "cpu.cfs_quota_us")
    period = _numbers(folder / "cpu.cfs_period_us")
    # A quota of -1 means no limit.
    return [quota[0] / period[0]] if quota and period and quota[0] > 0 else []


def _machine_memory(root: Path, wanted: str) -> int:
    """A number of bytes from /proc/meminfo, see proc_meminfo(5)."""
    for line in (root / "proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == wanted:
            return int(rest.split()[0]) * 1024
    raise ValueError(f"/proc/meminfo has no {wanted}")


def _numbers(path: Path) -> list[int]:
    """The numbers in a file. Empty if the file does not exist or contains no limit."""
    text = _text(path)
    return [int(text)] if text.lstrip("-").isdecimal() else []


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""
