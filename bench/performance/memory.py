"""The memory of a program and its descendants."""

from __future__ import annotations

import re
from pathlib import Path

from devtools.descendants import descendants


def proportional_set(root: int) -> tuple[float, int]:
    """Return the megabytes and the number of `root` and its descendants.

    Memory that they share counts once in the sum.
    """
    processes = {root, *descendants(root)}
    kilobytes = 0
    for process in processes:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        kilobytes += int(found[1]) if found else 0
    return kilobytes * 1024 / 1e6, len(processes)
