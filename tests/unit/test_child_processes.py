"""Processes that are started again when they end, whatever goes wrong meanwhile."""

from __future__ import annotations

import sys

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.instances import child_processes
from kolibri_azure_plugin.instances.child_processes import ChildProcess, ChildProcesses

#: Seconds that a start takes at most on a busy machine.
PLENTY = 60

#: Seconds of the first pause, of the second, and of all others.
PAUSES = (0.01, 0.02, 0.04)

#: A program that is gone when it ends, and one that runs until it is stopped.
VANISHES = "import os, sys; os.remove(sys.argv[0]); sys.exit(3)"
STAYS = "import sys; sys.stdin.read()"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(child_processes, "FIRST_PAUSE", PAUSES[0])
    monkeypatch.setattr(child_processes, "MAX_DELAY", PAUSES[-1])


@pytest.fixture
def begin():
    """Begins a child process that ends with the test."""
    begun = []

    def begin_one(command):
        begun.append(ChildProcess("workers", command))
        return begun[-1]

    yield begin_one
    ChildProcesses(begun).shutdown()


def install(program, text):
    """Write a program that can be started at once."""
    complete = program.with_suffix(".new")
    complete.write_text(f"#!{sys.executable}\n{text}\n")
    complete.chmod(0o755)
    complete.replace(program)


def test_a_process_that_can_not_be_started_is_tried_until_it_can(begin, tmp_path, caplog):
    program, runs = tmp_path / "program", tmp_path / "runs"
    install(program, VANISHES)

    begin([str(program)])
    failure = "The workers' process can't be started ([Errno 2] No such file or directory"
    wait_until(lambda: caplog.text.count(failure) >= 2, "two vain tries", PLENTY)
    install(program, f"open({str(runs)!r}, 'w').close(); {STAYS}")

    wait_until(runs.exists, "another start", PLENTY)
    assert caplog.messages[0].startswith(
        "The workers' process ended with code 3; starting it again"
    )


@pytest.mark.parametrize(
    ("long_run", "pauses"),
    [(0, [PAUSES[0]] * 4), (PLENTY, [*PAUSES, PAUSES[-1]])],
    ids=["after long runs", "after short runs"],
)
def test_the_pause_before_the_next_start(long_run, pauses, begin, caplog, monkeypatch):
    monkeypatch.setattr(child_processes, "LONG_RUN", long_run)

    begin(["false"])

    wait_until(lambda: len(caplog.records) >= 4, "four ends", PLENTY)
    assert [record.args[-1] for record in caplog.records[:4]] == pauses


def test_a_process_that_is_stopped_is_not_started_again(begin, caplog):
    child = begin([sys.executable, "-c", STAYS])

    ChildProcesses([child]).shutdown()

    assert caplog.messages == []
