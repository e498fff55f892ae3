"""What the container may use: both versions of cgroups, and never more than the machine has."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kolibri_container import limits

GIGABYTE = 2**30

CPUS_OF_THE_MACHINE = len(os.sched_getaffinity(0))

CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture
def root(tmp_path):
    """A machine with 8 GB and no cgroups."""
    write(tmp_path, "proc/meminfo", f"MemTotal: {8 * GIGABYTE // 1024} kB\nMemFree: 1 kB\n")
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


def make_cgroup(name, cpus, memory):
    """Limit a cgroup of this machine; the files in which a process is put into it."""
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
        pytest.skip(f"no cgroup can be made here: {error}")
    return folders


def remove(folders):
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()


def test_the_limits_that_the_kernel_enforces_are_found(repository):
    folders = make_cgroup("limits", cpus=0.5, memory=300 * 2**20)
    enter = " && ".join(f"echo $$ >{folder}/cgroup.procs" for folder in folders)
    find = "from kolibri_container import limits; print(limits.find())"
    try:
        found = subprocess.run(
            ["sh", "-c", f'{enter} && exec "$@"', "sh", sys.executable, "-c", find],
            cwd=repository / "docker",
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    finally:
        remove(folders)
    assert found.strip() == str(limits.Limits(0.5, 300 * 2**20))
