"""Finds the processes in which the plugin accesses a share, including stuck ones."""

from __future__ import annotations

from pathlib import Path

from devtools.descendants import command_line
from kolibri_azure_plugin.content import probe_process

PROGRAM = Path(probe_process.__file__).name


def probe_processes(folder: Path) -> list[int]:
    """The running probe processes of one share, by its mount point."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        line = command_line(pid)
        if PROGRAM in line and f" {folder} " in line:
            found.append(pid)
    return found
