"""One round: a class works, a process ends, and afterwards no notification may be missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.notifications.faults import Fault
from bench.notifications.pupils import Pupil
from bench.notifications.school import Lesson
from bench.notifications.verdict import Execute, Verdict, judge
from devtools.deadline import wait_until

#: Seconds of work before the fault, and after everything is up again.
BEFORE, AFTER = 2.0, 1.0

#: The queue must be empty after this many seconds, even on a busy machine.
SETTLED_SECONDS = 60

WAITING = "SELECT count(*) FROM kolibri_azure_notifications"
THERE = "SELECT to_regclass('kolibri_azure_notifications') IS NOT NULL"


@dataclass(frozen=True)
class Round:
    """The result of a round.

    :param settled: seconds from the last answer until the queue was empty.
    """

    fault: str
    verdict: Verdict
    settled: float


def run(execute: Execute, pupils: Sequence[Pupil], lesson: Lesson, fault: Fault) -> Round:
    """Run one round."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(pupils)) as pool:
        working = [pool.submit(pupil.work, lesson, stop) for pupil in pupils]
        try:
            time.sleep(BEFORE)
            fault.inject()
            time.sleep(AFTER)
        finally:
            stop.set()
        work = [each.result() for each in working]
    finished = time.monotonic()
    wait_until(lambda: _queue_is_empty(execute), "everything to be worked off", SETTLED_SECONDS)
    return Round(fault.name, judge(execute, lesson, work), time.monotonic() - finished)


def _queue_is_empty(execute: Execute) -> bool:
    return bool(execute(THERE, ())[0][0]) and execute(WAITING, ())[0][0] == 0
