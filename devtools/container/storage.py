"""A separate folder for this project's Podman images and containers.

Nothing of the user's own Podman is read or changed, and removing the folder removes all of it.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from pathlib import Path

from devtools.state import state_folder

# Podman's default network and log need systemd and a firewall, which build machines may lack; crun
# fails with the cgroups of many of them.
CONFIGURATION = """\
[containers]
netns = "host"
cgroupns = "host"
log_driver = "k8s-file"
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""

STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""

OPEN_FILES, PROCESSES = 4096, 4096


def engine_folder() -> Path:
    """The folder, created if absent."""
    folder = state_folder() / "containers"
    folder.mkdir(exist_ok=True)
    return folder


def podman_environment() -> Mapping[str, str]:
    """The environment that makes Podman use the folder."""
    folder = engine_folder()
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    files = _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    processes = _limit(resource.RLIMIT_NPROC, PROCESSES)
    written = {
        "storage.conf": STORAGE.format(folder=folder),
        "containers.conf": CONFIGURATION.format(files=files, processes=processes),
    }
    for name, text in written.items():
        _write(folder / name, text)
    return {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "TMPDIR": str(temporary),
    }


def _limit(kind: int, wanted: int) -> int:
    """Cap the limit, because no process may raise its own."""
    _soft, hard = resource.getrlimit(kind)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _write(path: Path, text: str) -> None:
    """Replace the file only if it differs, because another process may be reading it."""
    if not path.exists() or path.read_text() != text:
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(text)
        partial.replace(path)
