"""One process touches a folder whenever it is asked."""

from __future__ import annotations

import os
import signal

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.content.steady_probe import Answer, SteadyProbe

SOON = 20


@pytest.fixture
def steady(tmp_path):
    made = SteadyProbe(str(tmp_path))
    yield made
    made.close()


def answer(steady):
    steady.ask()
    found = []

    def is_there():
        found.append(steady.answer())
        return found[-1]

    wait_until(is_there, "an answer", SOON)
    return found[-1]


def test_one_process_answers_every_question(steady):
    pids = set()
    for _ in range(3):
        assert answer(steady) is Answer.WORKS
        pids.add(steady._process.pid)
    assert len(pids) == 1


def test_a_folder_that_is_not_there_is_no_outage(steady, tmp_path):
    tmp_path.rmdir()
    assert answer(steady) is Answer.WORKS


def test_it_starts_again_when_its_process_has_died(steady):
    assert answer(steady) is Answer.WORKS
    os.kill(steady._process.pid, signal.SIGKILL)
    steady._process.wait()
    assert answer(steady) is Answer.WORKS


def test_a_question_that_is_open_has_no_answer_and_no_second_process(steady):
    assert answer(steady) is Answer.WORKS
    os.kill(steady._process.pid, signal.SIGSTOP)
    steady.ask()
    pid = steady.pid
    steady.ask()
    assert steady.answer() is None
    assert steady.pid == pid
    os.kill(pid, signal.SIGCONT)
    assert answer(steady) is Answer.WORKS


def test_nothing_is_open_before_the_first_question_and_after_its_answer(steady):
    assert steady.pid is None
    assert steady.answer() is None
    answer(steady)
    assert steady.pid is None
