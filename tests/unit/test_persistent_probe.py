"""One process touches a folder on every request."""

from __future__ import annotations

import os
import signal

import pytest

from devtools.deadline import wait_until
from devtools.probe_processes import probe_processes
from kolibri_azure_plugin.content.persistent_probe import PersistentProbe, ShareState

SOON = 20


@pytest.fixture
def steady(tmp_path):
    made = PersistentProbe(str(tmp_path))
    yield made
    made.close()


def answer(steady):
    found = []

    def is_there():
        steady.ask()  # as its callers do: a process that was just killed answers the next request
        found.append(steady.answer())
        return found[-1]

    wait_until(is_there, "an answer", SOON)
    return found[-1]


def test_one_process_answers_every_question(steady, tmp_path):
    pids = set()
    for _ in range(3):
        assert answer(steady) is ShareState.WORKS
        pids.update(probe_processes(tmp_path))
    assert len(pids) == 1


def test_a_folder_that_is_not_there_is_no_outage(steady, tmp_path):
    tmp_path.rmdir()
    assert answer(steady) is ShareState.WORKS


def test_it_starts_again_when_its_process_has_died(steady, tmp_path):
    assert answer(steady) is ShareState.WORKS
    [pid] = probe_processes(tmp_path)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not probe_processes(tmp_path), "its end", SOON)
    assert answer(steady) is ShareState.WORKS


def test_a_question_that_is_open_has_no_answer_and_no_second_process(steady, tmp_path):
    assert answer(steady) is ShareState.WORKS
    [pid] = probe_processes(tmp_path)
    os.kill(pid, signal.SIGSTOP)
    steady.ask()
    assert steady.pid == pid
    steady.ask()
    assert steady.answer() is None
    assert steady.pid == pid
    assert probe_processes(tmp_path) == [pid]
    os.kill(pid, signal.SIGCONT)
    assert answer(steady) is ShareState.WORKS


def test_nothing_is_open_before_the_first_question_and_after_its_answer(steady):
    assert steady.pid is None
    assert steady.answer() is None
    answer(steady)
    assert steady.pid is None
