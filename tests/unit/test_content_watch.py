"""Which processes the content watch kills while the share hangs."""

from __future__ import annotations

import os

import pytest

from kolibri_azure_plugin.container.content_watch import (
    HANG_TIMEOUT,
    LATE_TIMEOUT,
    LEFTOVERS,
    RELOADED_WITHIN,
    ContentWatch,
)
from kolibri_azure_plugin.container.process_waits import Wait

SUSPENDED = 1000.0

#: A process from before, whose wait has no name, and two new ones.
OLD = Wait(pid=1, thread=1, waits="7", is_named=False)
NEW = Wait(pid=2, thread=2, waits="7", is_named=True)
UNNAMED = Wait(pid=3, thread=3, waits="7", is_named=False)


@pytest.fixture
def watch(tmp_path):
    """A watch that has just suspended content."""
    (tmp_path / "nginx").mkdir()
    watch = ContentWatch(tmp_path, str(tmp_path), os.getpid())
    watch._suspend(SUSPENDED)
    watch._kill_stuck({OLD.pid: 0}, SUSPENDED)
    yield watch
    watch._probe.close()


@pytest.fixture
def stuck(watch):
    """The processes to kill when all three have waited for some seconds since a moment."""

    def stuck(since, seconds):
        watch._waits.see((), since)
        watch._waits.see((OLD, NEW, UNNAMED), since)
        return watch._stuck(since + seconds)

    return stuck


def test_those_that_may_have_a_request_from_before_are_killed_soon(stuck):
    assert stuck(SUSPENDED, HANG_TIMEOUT - 0.1) == set()
    assert stuck(SUSPENDED, HANG_TIMEOUT) == {OLD.pid, NEW.pid}


def test_new_ones_are_killed_rarely_once_no_such_request_is_left(stuck):
    later = SUSPENDED + LEFTOVERS
    assert stuck(later, HANG_TIMEOUT) == {OLD.pid}
    assert stuck(later, LATE_TIMEOUT) == {OLD.pid, NEW.pid}


def test_one_that_starts_before_nginx_holds_content_back_may_have_such_a_request(watch, stuck):
    """Whatever the kernel calls its wait."""
    watch._kill_stuck({UNNAMED.pid: 0}, SUSPENDED + RELOADED_WITHIN - 0.1)
    assert stuck(SUSPENDED, HANG_TIMEOUT) == {OLD.pid, NEW.pid, UNNAMED.pid}


def test_one_that_starts_later_does_not(watch, stuck):
    watch._kill_stuck({UNNAMED.pid: 0}, SUSPENDED + RELOADED_WITHIN)
    assert stuck(SUSPENDED, HANG_TIMEOUT) == {OLD.pid, NEW.pid}
