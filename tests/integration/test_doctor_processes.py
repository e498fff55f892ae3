"""The processes of the doctor's rounds: what starts and ends them, and who goes first."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import signal
import sys

import pytest

from devtools.deadline import wait_until
from devtools.deployment import run
from devtools.descendants import command_line, descendants
from devtools.instances import WSGI_MODULE, start_kolibri
from kolibri_azure_plugin.doctor.__main__ import NICENESS

from .doctor_rounds import ACCESS, PLENTY, WHEN_ASKED

pytestmark = pytest.mark.slow


def niceness(pids):
    """The same for those still running."""
    found = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            found.append(os.getpriority(os.PRIO_PROCESS, pid))
    return found


def rounds_below(process):
    return [pid for pid in descendants(process.pid) if "doctor.rounds" in command_line(pid)]


def test_kolibri_start_brings_the_rounds_along_also_where_it_runs_no_workers(pair):
    instance = pair.instances["second"]
    instance.environment.update(KOLIBRI_AZURE_WORKERS="off", KOLIBRI_AZURE_CHECK_INTERVAL="2")
    with start_kolibri(instance) as server:
        server.wait_until(
            lambda: pair.kept("second", ACCESS) in ("pass", "warn"), "a report", PLENTY
        )
        (rounds,) = rounds_below(server)
        assert server.stop() == 0
        assert not command_line(rounds)


def test_the_rounds_end_with_a_kolibri_that_is_killed(pair):
    instance = pair.instances["second"]
    with start_kolibri(instance) as server:
        server.wait_until(lambda: rounds_below(server), "the rounds", PLENTY)
        (rounds,) = rounds_below(server)
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not command_line(rounds), "their end", PLENTY)


#: What the status page needs to read stored reports. None of it examines anything.
READ_BY_THE_STATUS_PAGE = {
    "kolibri_azure_plugin.doctor",
    *(f"kolibri_azure_plugin.doctor.{name}" for name in ("outcome", "registry", "stored_reports")),
}


@pytest.mark.parametrize("wsgi", [WSGI_MODULE, "kolibri_azure_plugin.web.wsgi:application"])
def test_a_web_server_has_no_part_in_it(wsgi, pair):
    names = "sorted(name for name in sys.modules if 'azure_plugin.doctor' in name)"
    loaded = f"import sys, {wsgi.partition(':')[0]}; print('loaded:', {names})"
    instance = pair.instances["second"]
    instance.environment["KOLIBRI_AZURE_CHECK_INTERVAL"] = "1"
    result = run(
        instance.command(sys.executable, "-c", loaded), instance.environment, seconds=PLENTY
    )
    modules = re.search(r"^loaded: (.*)$", result.stdout, re.MULTILINE)[1]
    assert set(ast.literal_eval(modules)) <= READ_BY_THE_STATUS_PAGE


@pytest.fixture
def held_up(pair):
    """A runner whose doctor waits for a vault that does not answer."""
    pair.azure.fail("vault", "hang")
    runner = pair.begin("second", "-c", WHEN_ASKED)
    runner.wait_until(runner.doctors, "a doctor", PLENTY)
    return runner


def test_a_doctor_lets_all_others_go_first(held_up):
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    wait_until(lambda: niceness(held_up.doctors()) == [ours + NICENESS], "its low priority", PLENTY)


def test_a_stop_ends_a_doctor_at_once(held_up):
    (doctor,) = held_up.doctors()
    assert held_up.stop() == 0
    assert not command_line(doctor)


def test_a_doctor_ends_after_its_runner_was_killed(held_up):
    (doctor,) = held_up.doctors()
    os.kill(held_up.pid, signal.SIGKILL)
    wait_until(lambda: not command_line(doctor), "its end", 300)
