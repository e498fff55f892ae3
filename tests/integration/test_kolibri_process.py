"""The tests' tool that runs Kolibri's commands and servers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import requests

from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import CommandFailedError, Kolibri
from devtools.process import BackgroundProcess, ProcessEndedError, ProcessHungError
from tests.integration.serving import STARTED, STARTED_SECONDS


@pytest.fixture
def program(tmp_path):
    """Start a Python program in the background."""
    started = []

    def start(source):
        process = BackgroundProcess(
            [sys.executable, "-c", source],
            environment={"PATH": os.environ["PATH"]},
            folder=tmp_path,
            log_file=tmp_path / "log",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def is_alive(pid):
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def test_a_program_that_ends_while_it_is_waited_for_is_reported_with_its_last_words(program):
    process = program("raise SystemExit('the vault is closed')")

    with pytest.raises(ProcessEndedError, match="the vault is closed"):
        process.wait_until(lambda: False, "never", 30)


def test_a_program_that_is_never_ready_is_reported_with_its_output(program):
    process = program("import time; print('still waiting', flush=True); time.sleep(600)")
    wait_until(lambda: process.output, "its first words", 30)

    with pytest.raises(TimeoutError, match="still waiting"):
        process.wait_until(lambda: False, "ever", 0.1)


def test_stopping_a_program_ends_its_children_too(program):
    process = program(
        "import subprocess, time\n"
        "print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "time.sleep(600)"
    )
    wait_until(lambda: "\n" in process.output, "the child", 30)
    child = int(process.output)

    assert process.stop() < 0
    wait_until(lambda: not is_alive(child), "the child to end", 10)


def test_a_program_that_ignores_sigterm_is_killed_and_reported(program):
    process = program(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\n"
        "time.sleep(600)"
    )
    wait_until(lambda: process.output, "it to be deaf", 30)

    with pytest.raises(ProcessHungError, match=r"did not end within 0\.2 s of SIGTERM"):
        process.stop(seconds=0.2)
    assert process.exit_code == -9


def test_a_command_sees_no_variable_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLIBRI_DATABASE_PASSWORD", "of-another-deployment")
    kolibri = Kolibri(tmp_path / "home", {"KOLIBRI_AZURE_DEPLOYMENT": "test"})

    shown = kolibri.succeed("manage", "shell", "-c", "import os; print(dict(os.environ))").stdout

    assert "of-another-deployment" not in shown
    assert "'KOLIBRI_AZURE_DEPLOYMENT': 'test'" in shown


def test_a_command_that_fails_shows_its_output(tmp_path):
    with pytest.raises(CommandFailedError, match="No such command"):
        Kolibri(tmp_path / "home").succeed("no-such-command")


@pytest.mark.slow
def test_services_and_the_stock_wsgi_module_run_side_by_side(tmp_path):
    kolibri = Kolibri(tmp_path / "home")
    kolibri.provision(username="admin", password="admin-password", preset="formal")

    with kolibri.services() as services, kolibri.gunicorn("--threads", "4") as site:
        site.wait_until_serving()
        services.wait_until(lambda: STARTED in services.output, STARTED, STARTED_SECONDS)
        client = KolibriClient(site.url)

        assert client.sign_in("admin", "admin-password")["username"] == "admin"
        assert services.exit_code is None

    with pytest.raises(requests.ConnectionError):
        client.facility()
