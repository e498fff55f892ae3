"""A session in the portal's shell: the container's user, with its settings, on a real terminal."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.container import shell

from .ssh import (
    SOON,
    connect,
    needs_asyncssh,
    read_until,
    run,
    running,
    session,
    wait_until_running,
)

pytestmark = needs_asyncssh

#: For OpenSSH's client: no user's configuration, and an unknown host key.
OPENSSH = ("ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
           "-o", "UserKnownHostsFile=/dev/null")  # fmt: skip


def test_kolibri_is_found(ssh_server):
    answer = run(ssh_server, "kolibri --version")
    assert answer.exit_status == 0
    assert "0.19" in answer.stdout


def test_a_session_has_the_settings_that_the_server_has(ssh_server):
    answer = run(
        ssh_server, "kolibri manage azure_check --only azure.kolibri.settings --format json"
    )
    checks = json.loads(answer.stdout)["checks"]
    given = next(entry for entry in checks if entry["id"] == "azure.kolibri.settings")
    assert "School of the settings" in given["measurements"]["AZURE_FACILITY_NAME"]


def test_a_session_is_the_containers_own_user_at_home(ssh_server):
    answer = run(ssh_server, "id -u; pwd; umask")
    user, folder, _mask = answer.stdout.split()
    assert int(user) == os.geteuid()
    assert folder == run(ssh_server, "echo $HOME").stdout.strip()


def test_a_command_has_its_outputs_apart_and_its_exit_status(ssh_server):
    answer = run(ssh_server, "echo out; echo err >&2; exit 7")
    assert (answer.stdout, answer.stderr, answer.exit_status) == ("out\n", "err\n", 7)


def test_a_command_that_a_signal_ends_says_so(ssh_server):
    answer = run(ssh_server, "kill -KILL $$")
    assert answer.exit_signal[0] == "KILL"


def test_a_command_gets_all_of_its_input_and_gives_all_of_its_output(ssh_server):
    text = "0123456789abcdef" * 65536
    assert run(ssh_server, "cat", input=text).stdout == text


def test_both_outputs_of_a_command_may_be_large(ssh_server):
    """More data than a channel buffers, so that sender and receiver wait for each other."""
    answer = run(
        ssh_server, "head -c 3000000 /dev/zero | tee /dev/stderr; head -c 9 /dev/zero; echo end >&2"
    )
    assert (len(answer.stdout), len(answer.stderr)) == (3_000_009, 3_000_004)
    assert answer.stderr.endswith("end\n")


def test_a_command_need_not_read_its_input(ssh_server):
    assert run(ssh_server, "head -c 3", input="x" * 1_000_000).stdout == "xxx"


def test_a_shell_has_a_terminal_and_names_the_useful_commands(ssh_server):
    async def look():
        async with session(ssh_server) as process:
            process.stdin.write("tty; echo term=$TERM; echo do'ne'\n")
            seen = await read_until(process, "done")
            process.stdin.write("exit 3\n")
            await asyncio.wait_for(process.wait(), SOON)
            return seen, process.exit_status

    seen, status = asyncio.run(look())
    assert "kolibri manage azure_check" in seen
    assert "/dev/pts/" in seen
    assert "term=xterm" in seen
    assert status == 3


def test_a_window_may_change_its_size(ssh_server):
    async def look():
        async with session(ssh_server, term_size=(101, 33)) as process:
            process.stdin.write("stty size\n")
            await read_until(process, "33 101")
            process.change_terminal_size(120, 55)
            process.stdin.write("stty size\n")
            await read_until(process, "55 120")

    asyncio.run(look())


def test_control_c_interrupts_the_command_and_not_the_shell(ssh_server):
    mark = f"1{ssh_server.port}"

    async def look():
        async with session(ssh_server) as process:
            process.stdin.write(f"sleep {mark}\n")
            await wait_until_running(mark)
            process.stdin.write("\x03")
            process.stdin.write("echo status=$?\n")
            await read_until(process, "status=130")
            # At a prompt, this ends the input.
            process.stdin.write("\x04")
            await asyncio.wait_for(process.wait(), SOON)

    asyncio.run(look())


@pytest.mark.parametrize("terminal", ["xterm", None])
def test_a_signal_reaches_the_command(terminal, ssh_server):
    mark = f"3{ssh_server.port}"

    async def look():
        async with connect(ssh_server) as connection:
            process = await connection.create_process(
                f"sleep {mark}; sleep {mark}", term_type=terminal
            )
            await wait_until_running(mark)
            process.send_signal("KILL")
            return await asyncio.wait_for(process.wait(), SOON)

    assert asyncio.run(look()).exit_signal[0] == "KILL"
    assert not running(mark)


@pytest.mark.parametrize("terminal", ["xterm", None])
def test_a_command_ends_when_its_visitor_is_gone(terminal, private_ssh_server):
    mark = f"1{private_ssh_server.port}"

    async def look():
        connection = await connect(private_ssh_server)
        await connection.create_process(f"sleep {mark}; sleep {mark}", term_type=terminal)
        await wait_until_running(mark)
        connection.abort()

    asyncio.run(look())
    wait_until(lambda: not running(mark), "the end of the command", SOON)


def test_sigterm_ends_the_sessions_and_the_server(private_ssh_server):
    mark = f"2{private_ssh_server.port}"

    async def look():
        async with session(private_ssh_server) as process:
            process.stdin.write(f"sleep {mark}\n")
            await wait_until_running(mark)
            private_ssh_server.signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait_closed(), SOON)

    asyncio.run(look())
    assert private_ssh_server.wait_for_exit(SOON) == 0
    wait_until(lambda: not running(mark), "the end of the command", SOON)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="apt-get install openssh-client")
def test_openssh_gets_in_too(ssh_server, tmp_path):
    answer = tmp_path / "answer"
    answer.write_text(f"#!/bin/sh\necho '{shell.PASSWORD}'\n")
    answer.chmod(0o700)
    environment = {
        "PATH": os.environ["PATH"],
        "SSH_ASKPASS": str(answer),
        "SSH_ASKPASS_REQUIRE": "force",
    }
    words = (*OPENSSH, "-p", str(ssh_server.port), "-tt", f"{shell.USER}@127.0.0.1")
    result = subprocess.run(
        [*words, "tty; exit 5"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=3 * SOON,
        check=False,
    )
    assert result.returncode == 5, result.stderr
    assert "/dev/pts/" in result.stdout
