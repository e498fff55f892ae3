"""Notes hung probes in a file, for later runs of the same program."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path


class HungProbes:
    """The hung probe of each folder, if there is one.

    :param file: where they are noted.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, folder: str, pid: int) -> None:
        """Note that this process hangs in the folder."""
        noted = {**self._read(), folder: (pid, _start_time(pid))}
        with contextlib.suppress(OSError):
            self._file.write_text(json.dumps(noted), encoding="utf-8")

    def hangs_in(self, folder: str) -> bool:
        """True while the process noted for the folder is alive."""
        pid, started = self._read().get(folder, (0, ""))
        return bool(started) and _start_time(pid) == started

    def _read(self) -> dict[str, tuple[int, str]]:
        """The process noted for each folder, and its start time."""
        try:
            notes = json.loads(self._file.read_text(encoding="utf-8"))
            return {folder: (int(pid), str(started)) for folder, (pid, started) in notes.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def _start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when it has ended.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    try:
        # The second field is the program's name in brackets, which may contain anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]
    return "" if state == "Z" else started
