"""`make demo` without a browser: the data it keeps, the processes it ends, its messages."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import pytest
import requests

from devtools.kolibri_client import KolibriClient
from devtools.ports import free_port
from devtools.process import ProcessEndedError
from tests.demo_process import REPOSITORY, Demo, demo_folder


@pytest.fixture
def folder():
    with demo_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def demo():
    """A demo that is ready."""
    with demo_folder() as folder, Demo(folder).wait_until_ready() as demo:
        yield demo


def run_demo(*options):
    """The result of a demo that must end without a signal."""
    command = [sys.executable, "-m", "devtools.demo", *map(str, options)]
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
def test_learner_and_administrator_sign_in_with_the_passwords_that_are_printed(demo):
    client = KolibriClient(demo.printed("address"))

    assert client.sign_in("learner", demo.password("learner"))["username"] == "learner"
    assert "superuser" in client.sign_in("admin", demo.password("administrator"))["kind"]


@pytest.mark.slow
def test_it_answers_on_this_machine_only(demo):
    ports = {int(port) for port in re.findall(r"(?:127\.0\.0\.1:|on port )(\d+)", demo.output)}
    assert len(ports) == 4

    for port in ports:
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
        # A program that listens on all addresses listens on this one, too.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), 5)


@pytest.mark.slow
def test_its_passwords_are_kept_in_the_vault_only(demo):
    vault = demo.state / "azure" / "secrets.json"
    assert vault.stat().st_mode & 0o777 == 0o600

    for role in ("learner", "administrator"):
        password = demo.password(role).encode()
        files = [path for path in demo.state.rglob("*") if path.is_file()]
        assert [path for path in files if password in path.read_bytes()] == [vault]


@pytest.mark.slow
def test_a_second_demo_on_the_same_data_is_refused(demo):
    second = run_demo("--state", demo.state, "--port", free_port())

    assert second.returncode == 1
    assert f"another demo uses {demo.state}" in second.stderr
    assert requests.get(demo.printed("address"), timeout=30).ok


@pytest.mark.slow
def test_an_interrupted_start_leaves_nothing_running_and_the_next_goes_on_from_there(folder):
    for text in ("PostgreSQL: starting", "creating tables", "importing", "kolibri start"):
        with Demo(folder) as demo:
            demo.wait_for(text)
            assert demo.interrupt() == 0
            assert demo.processes() == []

    with Demo(folder).wait_until_ready() as demo:
        assert KolibriClient(demo.printed("address")).get("/api/content/channel/")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_service_manager_or_a_closed_terminal_ends_it_like_ctrl_c(folder, number):
    with Demo(folder) as demo:
        demo.wait_for("creating tables")
        assert demo.interrupt(number) == 0
        assert demo.processes() == []


@pytest.mark.slow
def test_processes_of_a_killed_demo_are_ended_by_the_next(folder):
    with Demo(folder).wait_until_ready() as demo:
        demo.kill()
        assert demo.processes()

        options = ("--state", demo.state, "--port", demo.printed("address").rsplit(":")[-1])
        with Demo(folder, *options).wait_until_ready() as again:
            assert "that an earlier demo left running" in again.output
    assert again.processes() == []


def test_a_port_that_is_taken_is_named_with_the_way_to_choose_another(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused = run_demo("--state", folder / "state", "--port", port)

    assert refused.returncode == 1
    assert f"port {port} of 127.0.0.1 is taken" in refused.stderr
    assert 'make demo ARGS="--port PORT"' in refused.stderr


def test_a_folder_with_other_things_is_never_used_or_emptied(folder):
    (folder / "thesis.txt").write_text("years of work")

    refused = run_demo("--state", folder, "--fresh")

    assert refused.returncode == 1
    assert f"{folder} contains files that are not a demo" in refused.stderr
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_demo_that_fails_says_so_without_a_traceback(folder):
    (folder / "state").touch()

    with Demo(folder) as demo, pytest.raises(ProcessEndedError) as raised:
        demo.wait_until_ready()

    assert demo.exit_code == 1
    assert "error: " in str(raised.value)
    assert "Traceback" not in str(raised.value)
