"""Who gets into the portal's shell, what can be had there, and where it listens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal

import asyncssh
import pytest

from devtools.deadline import wait_until
from kolibri_container import shell

from .ssh import SOON, begin, connect, read_until, run, start


@pytest.mark.parametrize(
    "wrong", [{"password": "docker!"}, {"password": ""}, {"username": "kolibri"}]
)
def test_another_name_or_password_is_refused(wrong, own_ssh_server):
    async def attempt():
        async with connect(own_ssh_server, **wrong):
            pass

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(attempt())
    assert "a failed log-in" in own_ssh_server.output
    assert "docker!" not in own_ssh_server.output


def test_a_key_is_no_way_in(ssh_server):
    async def attempt():
        key = asyncssh.generate_private_key("ssh-ed25519")
        async with connect(ssh_server, password=None, client_keys=[key]):
            pass

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(attempt())


class Guesser(asyncssh.SSHClient):
    """Tries one password after the other."""

    guesses = 0

    def password_auth_requested(self):
        self.guesses += 1
        return f"guess-{self.guesses}"


def test_who_guesses_is_cut_off_and_then_nobody_is_heard(own_ssh_server):
    guessers = []

    def guesser():
        guessers.append(Guesser())
        return guessers[-1]

    async def guess():
        with contextlib.suppress(asyncssh.Error, OSError):
            async with connect(own_ssh_server, password=None, client_factory=guesser):
                pass

    async def guess_often():
        connections = -(-shell.MOST_FAILURES_OF_ALL // shell.MOST_FAILURES)
        await asyncio.gather(*(guess() for _ in range(connections)))
        with pytest.raises((asyncssh.Error, OSError)):
            async with connect(own_ssh_server):
                pass

    asyncio.run(guess_often())
    assert max(guesser.guesses for guesser in guessers) <= shell.MOST_FAILURES + 1
    assert "nobody is heard for a while" in own_ssh_server.output


def test_only_a_few_sessions_run_at_once(own_ssh_server):
    async def look():
        async with connect(own_ssh_server) as connection, contextlib.AsyncExitStack() as stack:
            for _ in range(shell.MOST_SESSIONS):
                process = await stack.enter_async_context(connection.create_process("cat"))
                process.stdin.write("in\n")
                await read_until(process, "in")
            return await connection.run("echo one too many")

    answer = asyncio.run(look())
    assert answer.exit_status == 1
    assert "only a few at once" in answer.stderr


def test_nothing_but_shells_and_commands_can_be_had(ssh_server):
    async def look():
        async with connect(ssh_server) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", ssh_server.port)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_unix_connection("/tmp/nowhere.sock")
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 9)
            with pytest.raises(asyncssh.Error):
                await connection.start_sftp_client()
            subsystem = await connection.create_process(subsystem="netconf")
            assert (await subsystem.wait()).exit_status == 1

    asyncio.run(look())


def test_what_a_client_wants_in_the_environment_is_not_put_there(ssh_server):
    answer = run(ssh_server, "echo $LD_PRELOAD$SSH_AUTH_SOCK.", env={"LD_PRELOAD": "/evil.so"})
    assert answer.stdout == ".\n"


def test_what_the_platforms_client_needs_is_offered(ssh_server):
    async def look():
        options = {
            "encryption_algs": ["aes256-cbc"],
            "mac_algs": ["hmac-sha1"],
            "server_host_key_algs": ["rsa-sha2-256"],
        }
        async with connect(ssh_server, **options) as connection:
            return (await connection.run("echo in")).stdout

    assert asyncio.run(look()) == "in\n"


def test_the_host_key_is_made_at_each_start_and_in_no_file(ssh_server, own_ssh_server, tmp_path):
    async def key(of):
        found = await asyncssh.get_server_host_key("127.0.0.1", of.port, config=None)
        return found.export_public_key()

    assert asyncio.run(key(ssh_server)) != asyncio.run(key(own_ssh_server))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if b"PRIVATE KEY" in path.read_bytes()] == []


def test_each_session_is_in_the_log_but_not_what_was_typed(own_ssh_server):
    run(own_ssh_server, "echo the-secret")
    wait_until(lambda: "SSH session 1 ends" in own_ssh_server.output, "the end", SOON)
    assert "SSH session 1 from 127.0.0.1 begins: a command." in own_ssh_server.output
    assert "the-secret" not in own_ssh_server.output


def test_the_log_may_be_json(tmp_path):
    with start(tmp_path, KOLIBRI_AZURE_LOG_FORMAT="json") as ssh_server:
        run(ssh_server, "true")
        wait_until(lambda: "SSH session 1 ends" in ssh_server.output, "the end", SOON)
        assert all(json.loads(line)["time"] for line in ssh_server.output.splitlines())


def test_a_port_that_is_taken_is_tried_again_and_ends_nothing(ssh_server, tmp_path):
    """It is no reason to replace a container that serves learners."""
    other = begin(tmp_path, ssh_server.port)
    with other:
        other.wait_until(lambda: "can't listen" in other.output, "a line in the log", SOON)
        other.signal(signal.SIGTERM)
        assert other.wait_until_it_ends(SOON) == 0


@pytest.mark.parametrize(
    "platform, where", [({}, "127.0.0.1"), ({"WEBSITE_SITE_NAME": "kolibri"}, "0.0.0.0")]
)
def test_only_the_platform_is_let_in_over_the_network(platform, where, monkeypatch):
    monkeypatch.delenv("WEBSITE_SITE_NAME", raising=False)
    for name, value in platform.items():
        monkeypatch.setenv(name, value)
    assert shell.address() == where
