"""The memory of a program and all that it started."""

from __future__ import annotations

import re
from pathlib import Path

from devtools.descendants import descendants


def proportional_set(root: int) -> tuple[float, int]:
    """Megabytes, and the number of processes: `root` and its descendants.

    What several processes share counts once in the sum.
    """
    processes = {root, *descendants(root)}
    kilobytes = 0
    for process in processes:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        kilobytes += int(found[1]) if found else 0
    return kilobytes * 1024 / 1e6, len(processes)
