"""Runs long computations in a thread of low priority, so that other requests go first."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, TypeVar

T = TypeVar("T")

#: Added to the thread's niceness (man 7 sched). Next to a busy thread of normal priority, it gets a
#: quarter of a CPU; on an idle CPU, all of it.
NICENESS = 5


class LowPriorityThread:
    """One thread in each process, which does one computation after the other.

    Only for functions that release Python's lock: a thread that waits for a CPU must not hold it.
    """

    def __init__(self) -> None:
        self._begin()
        # A forked process does not have its parent's threads.
        os.register_at_fork(after_in_child=self._begin)

    def run(self, compute: Callable[[], T]) -> T:
        """Compute, and return the result or raise the error."""
        return self._pool.submit(compute).result()

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(1, "low-priority", initializer=_lower_priority)


def _lower_priority() -> None:
    # Only on Linux does each thread have its own niceness.
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, niceness + NICENESS)
