"""When this process's parent started, which is when the instance did."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from pathlib import Path


def parent_started() -> datetime:
    """The start of Kolibri or of the container's supervisor, in UTC.

    Their child, this process, may have been started again since. Where /proc does not exist, it is
    now.
    """
    try:
        # The second field is the program's name in brackets, which may contain anything.
        fields = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: field 22, in ticks since boot.
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        age = 0.0
    return datetime.fromtimestamp(time.time() - age, timezone.utc)
