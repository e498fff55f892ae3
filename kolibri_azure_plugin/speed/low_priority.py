"""Runs long computations in a thread of low priority, so that other requests go first."""

from __future__ import annotations

import os
import queue
import sys
import threading
from concurrent.futures import Future
from typing import Any, Callable, TypeVar

T = TypeVar("T")

#: Added to the thread's niceness (man 7 sched). Next to a busy thread of normal priority, it gets a
#: quarter of a CPU; on an idle CPU, all of it.
NICENESS = 5

Task = tuple["Future[Any]", Callable[[], Any]]


class LowPriorityThread:
    """One thread in each process, which does one computation after the other.

    Only for functions that release Python's lock: a thread that waits for a CPU must not hold it.

    The thread is a daemon, unlike those of Python's executors: when `kolibri start` is told to end,
    it first waits for every thread that is not.
    """

    _has_started: bool

    def __init__(self) -> None:
        self._begin()
        # A forked process does not have its parent's threads.
        os.register_at_fork(after_in_child=self._begin)

    def run(self, compute: Callable[[], T]) -> T:
        """Compute, and return the result or raise the error."""
        with self._starting:
            if not self._has_started:
                threading.Thread(
                    target=_work, args=(self._tasks,), name="low-priority", daemon=True
                ).start()
                self._has_started = True
        future: Future[T] = Future()
        self._tasks.put((future, compute))
        return future.result()

    def _begin(self) -> None:
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._has_started = False


def _work(tasks: queue.SimpleQueue[Task]) -> None:
    _lower_priority()
    while True:
        future, compute = tasks.get()
        try:
            future.set_result(compute())
        except BaseException as error:  # noqa: BLE001  # as in Python's executors
            future.set_exception(error)


def _lower_priority() -> None:
    # Only on Linux does each thread have its own niceness.
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, niceness + NICENESS)
