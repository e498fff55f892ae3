"""Long computations run in one thread of low priority, and everything else as before."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from kolibri_azure_plugin.speed.low_priority import NICENESS, LowPriorityThread

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness here")


#: Linux knows no lower priority.
LOWEST = 19


def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def lowered(before):
    return min(before + NICENESS, LOWEST)


def test_a_computation_has_a_lower_priority_than_its_caller():
    before = niceness()

    assert LowPriorityThread().run(niceness) == lowered(before)
    assert niceness() == before


def test_all_computations_of_a_process_share_one_thread():
    thread = LowPriorityThread()

    assert thread.run(threading.get_native_id) == thread.run(threading.get_native_id)
    assert thread.run(niceness) == lowered(niceness())


def test_kolibri_does_not_wait_for_the_thread_when_it_ends():
    thread = LowPriorityThread()

    assert thread.run(lambda: threading.current_thread().daemon)


def test_the_caller_gets_the_error():
    with pytest.raises(ZeroDivisionError):
        LowPriorityThread().run(lambda: 1 // 0)


def test_a_forked_process_computes_in_its_own_thread():
    thread = LowPriorityThread()
    thread.run(niceness)

    child = os.fork()
    if not child:
        os._exit(thread.run(os.getpid) != os.getpid())
    assert os.waitpid(child, 0)[1] == 0
