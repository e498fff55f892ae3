"""The container's limits, from both versions of cgroups, and never more than the machine has."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kolibri_azure_plugin.configuration import limits

GIGABYTE = 2**30

CPUS_OF_THE_MACHINE = len(os.sched_getaffinity(0))

CGROUPS = Path("/sys/fs/cgroup")

#: The kernel's errors if this user, or any user, can't make a cgroup.
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@pytest.fixture
def root(tmp_path):
    """A machine with 8 GB, of which 5 are available, and no cgroups."""
    numbers = {"MemTotal": 8 * GIGABYTE, "MemFree": 1024, "MemAvailable": 5 * GIGABYTE}
    lines = [f"{name}: {number // 1024} kB" for name, number in numbers.items()]
    write(tmp_path, "proc/meminfo", "\n".join(lines))
    return tmp_path


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def version_2(root, folder="", *, cpus="max 100000", memory="max"):
    write(root, f"sys/fs/cgroup/{folder}/cpu.max", cpus)
    write(root, f"sys/fs/cgroup/{folder}/memory.max", memory)


def version_1(root, folder="", *, quota="-1", memory=str(2**63 - 4096)):
    write(root, f"sys/fs/cgroup/cpu/{folder}/cpu.cfs_quota_us", quota)
    write(root, f"sys/fs/cgroup/cpu/{folder}/cpu.cfs_period_us", "100000")
    write(root, f"sys/fs/cgroup/memory/{folder}/memory.limit_in_bytes", memory)


def test_without_cgroups_the_machine_is_the_limit(root):
    assert limits.find(root) == limits.Limits(CPUS_OF_THE_MACHINE, 8 * GIGABYTE)


def test_version_2_limits_a_container(root):
    write(root, "proc/self/cgroup", "0::/")
    version_2(root, cpus="50000 100000", memory=str(GIGABYTE))
    assert limits.find(root) == limits.Limits(0.5, GIGABYTE)


def test_version_2_without_limits_leaves_the_machine(root):
    write(root, "proc/self/cgroup", "0::/")
    version_2(root)
    assert limits.find(root) == limits.Limits(CPUS_OF_THE_MACHINE, 8 * GIGABYTE)


@pytest.mark.parametrize("tighter", ["", "machine.slice", "machine.slice/kolibri"])
def test_the_tightest_cgroup_above_a_process_counts(tighter, root):
    write(root, "proc/self/cgroup", "0::/machine.slice/kolibri")
    for folder in ("", "machine.slice", "machine.slice/kolibri"):
        version_2(root, folder, memory=str(2 * GIGABYTE))
    version_2(root, tighter, cpus="25000 100000", memory=str(GIGABYTE))
    assert limits.find(root) == limits.Limits(0.25, GIGABYTE)


@pytest.mark.parametrize("path", ["/docker/0123456789", "/../../system.slice", "/"])
def test_a_path_of_the_host_leads_to_the_containers_own_cgroup(path, root):
    write(root, "proc/self/cgroup", f"0::{path}")
    version_2(root, cpus="50000 100000", memory=str(GIGABYTE))
    assert limits.find(root) == limits.Limits(0.5, GIGABYTE)


def test_version_1_limits_a_container(root):
    write(root, "proc/self/cgroup", "4:memory:/docker/01\n1:cpu,cpuacct:/docker/01\n0::/docker/01")
    version_1(root, quota="75000", memory=str(GIGABYTE))
    assert limits.find(root) == limits.Limits(0.75, GIGABYTE)


def test_version_1_without_limits_leaves_the_machine(root):
    write(root, "proc/self/cgroup", "4:memory:/\n1:cpu:/")
    version_1(root)
    assert limits.find(root) == limits.Limits(CPUS_OF_THE_MACHINE, 8 * GIGABYTE)


def test_a_limit_above_the_machine_is_none(root):
    write(root, "proc/self/cgroup", "0::/")
    version_2(root, cpus="6400000 100000", memory=str(64 * GIGABYTE))
    assert limits.find(root) == limits.Limits(CPUS_OF_THE_MACHINE, 8 * GIGABYTE)


@pytest.mark.parametrize("memory", ["max", str(64 * GIGABYTE)])
def test_without_a_limit_the_use_is_that_of_the_machine_without_its_page_cache(memory, root):
    write(root, "proc/self/cgroup", "0::/")
    version_2(root, memory=memory)
    write(root, "sys/fs/cgroup/memory.current", "1")
    assert limits.memory_in_use(root) == 3 * GIGABYTE


def test_the_use_is_that_of_the_tightest_cgroup(root):
    write(root, "proc/self/cgroup", "0::/machine.slice/kolibri")
    for number, folder in enumerate(("machine.slice/kolibri", "machine.slice", "")):
        version_2(root, folder, memory=str((4 + number) * GIGABYTE))
        write(root, f"sys/fs/cgroup/{folder}/memory.current", str(number))
    version_2(root, "machine.slice", memory=str(GIGABYTE))
    assert limits.memory_in_use(root) == 1


def test_version_1_says_its_use_too(root):
    write(root, "proc/self/cgroup", "4:memory:/docker/01")
    version_1(root, memory=str(GIGABYTE))
    write(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", "17")
    assert limits.memory_in_use(root) == 17


def make_cgroup(name, cpus, memory):
    """Limit a cgroup of this machine; returns the files that put a process into it."""
    name = f"kolibri-test-{name}-{os.getpid()}"
    if (CGROUPS / "cgroup.controllers").exists():
        values = {f"{name}/cpu.max": f"{cpus * 100000:.0f} 100000", f"{name}/memory.max": memory}
        folders = [CGROUPS / name]
    else:
        values = {
            f"cpu/{name}/cpu.cfs_quota_us": f"{cpus * 100000:.0f}",
            f"memory/{name}/memory.limit_in_bytes": memory,
        }
        folders = [CGROUPS / "cpu" / name, CGROUPS / "memory" / name]
    try:
        for folder in folders:
            folder.mkdir()
        for path, value in values.items():
            (CGROUPS / path).write_text(str(value))
    except OSError as error:
        remove(folders)
        has_cgroups = all(folder.parent.is_dir() for folder in folders)
        if error.errno in FORBIDDEN or not has_cgroups:
            pytest.skip(f"no cgroup can be made here: {error}")
        raise
    return folders


def remove(folders):
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()


def test_the_limits_that_the_kernel_enforces_are_found(repository):
    folders = make_cgroup("limits", cpus=0.5, memory=300 * 2**20)
    enter = " && ".join(f"echo $$ >{folder}/cgroup.procs" for folder in folders)
    find = "from kolibri_azure_plugin.configuration import limits; print(limits.find())"
    try:
        found = subprocess.run(
            ["sh", "-c", f'{enter} && exec "$@"', "sh", sys.executable, "-c", find],
            cwd=repository,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    finally:
        remove(folders)
    assert found.strip() == str(limits.Limits(0.5, 300 * 2**20))
