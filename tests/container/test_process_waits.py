"""The waits of content-serving processes, read from /proc, with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.container import process_waits
from kolibri_azure_plugin.container.process_waits import Wait, Waits

#: Starts a child process, as nginx does, and prints its id. Both are idle.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
"""

READING = Wait(pid=1, thread=1, waits="7", is_named=True)


def parent_called(name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(params=[process_waits.NGINX, process_waits.GUNICORN], ids=["nginx", "gunicorn"])
def server(request) -> Iterator[tuple[int, int]]:
    """The ids of a process that serves content, and of its parent."""
    with parent_called(request.param.decode()) as parent:
        assert parent.stdout is not None
        yield int(parent.stdout.readline()), parent.pid
        parent.communicate("")


def test_a_wait_lasts_as_long_as_it_is_seen_at_each_look():
    waits = Waits()
    waits.see([READING], 1.0)
    assert not waits.lasting(0.5, 1.0)
    waits.see([READING], 1.5)
    assert waits.lasting(0.5, 1.5) == {READING}
    waits.see([], 2.0)
    waits.see([READING], 2.5)
    assert not waits.lasting(0.5, 2.5)


def test_a_thread_that_has_made_progress_starts_a_new_wait():
    waits = Waits()
    waits.see([READING], 1.0)
    waits.see([Wait(pid=1, thread=1, waits="8", is_named=True)], 2.0)
    assert not waits.lasting(0.5, 2.0)


def test_content_servers_are_found_only_below_the_container(server):
    child, parent = server
    assert process_waits.content_servers(os.getpid())[child] == parent
    assert child not in process_waits.content_servers(child)


def test_a_process_that_runs_something_else_serves_no_content():
    with parent_called("something else") as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert child not in process_waits.content_servers(os.getpid())
        parent.communicate("")


def waits_for_nothing_but_input(child):
    return list(process_waits.any_waits(child)) and not list(process_waits.file_waits(child))


def test_a_process_that_waits_for_its_input_does_not_wait_for_a_file(server):
    child, _ = server
    # While it starts, it may wait for its program's files.
    wait_until(lambda: list(process_waits.any_waits(child)), "it to wait", 30)
    if wchan_of(child) in process_waits.UNNAMED:
        pytest.skip("this kernel does not name what a process waits for")
    wait_until(lambda: waits_for_nothing_but_input(child), "it to wait for its input", 30)
    [seen] = process_waits.any_waits(child)
    assert (seen.pid, seen.thread) == (child, child)


def wchan_of(pid):
    return (process_waits.PROC / str(pid) / "task" / str(pid) / "wchan").read_text()


def test_a_process_that_has_gone_waits_for_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not list(process_waits.any_waits(process.pid))
    assert not process_waits.is_a(b"python", process.pid)
