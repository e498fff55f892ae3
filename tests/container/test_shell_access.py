"""Who gets into the portal's shell, what it offers, and where it listens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal

import asyncssh
import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.container import shell

from .ssh import SOON, begin, connect, needs_asyncssh, read_until, run, start

pytestmark = needs_asyncssh


@pytest.mark.parametrize(
    "wrong", [{"password": "docker!"}, {"password": ""}, {"username": "kolibri"}]
)
def test_another_name_or_password_is_refused(wrong, private_ssh_server):
    async def attempt():
        async with connect(private_ssh_server, **wrong):
            pass

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(attempt())
    assert "a failed log-in" in private_ssh_server.output
    assert "docker!" not in private_ssh_server.output


def test_a_key_is_no_way_in(ssh_server):
    async def attempt():
        key = asyncssh.generate_private_key("ssh-ed25519")
        async with connect(ssh_server, password=None, client_keys=[key]):
            pass

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(attempt())


class Guesser(asyncssh.SSHClient):
    """A client that tries one password after the other."""

    guesses = 0

    def password_auth_requested(self):
        self.guesses += 1
        return f"guess-{self.guesses}"


def test_guessing_a_password_ends_the_connection_and_then_locks_everyone_out(private_ssh_server):
    guessers = []

    def guesser():
        guessers.append(Guesser())
        return guessers[-1]

    async def guess():
        with contextlib.suppress(asyncssh.Error, OSError):
            async with connect(private_ssh_server, password=None, client_factory=guesser):
                pass

    async def guess_often():
        connections = -(-shell.MAX_TOTAL_FAILURES // shell.MAX_FAILURES)
        await asyncio.gather(*(guess() for _ in range(connections)))
        with pytest.raises((asyncssh.Error, OSError)):
            async with connect(private_ssh_server):
                pass

    asyncio.run(guess_often())
    assert max(guesser.guesses for guesser in guessers) <= shell.MAX_FAILURES + 1
    assert "refusing all connections for a while" in private_ssh_server.output


def test_only_a_few_sessions_run_at_once(private_ssh_server):
    async def look():
        async with connect(private_ssh_server) as connection, contextlib.AsyncExitStack() as stack:
            for _ in range(shell.MAX_SESSIONS):
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


def test_a_clients_environment_variables_are_ignored(ssh_server):
    answer = run(ssh_server, "echo $LD_PRELOAD$SSH_AUTH_SOCK.", env={"LD_PRELOAD": "/evil.so"})
    assert answer.stdout == ".\n"


def test_the_algorithms_of_the_platforms_client_are_offered(ssh_server):
    async def look():
        options = {
            "encryption_algs": ["aes256-cbc"],
            "mac_algs": ["hmac-sha1"],
            "server_host_key_algs": ["rsa-sha2-256"],
        }
        async with connect(ssh_server, **options) as connection:
            return (await connection.run("echo in")).stdout

    assert asyncio.run(look()) == "in\n"


def test_the_host_key_is_made_at_each_start_and_in_no_file(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    async def key(port):
        found = await asyncssh.get_server_host_key("127.0.0.1", port, config=None)
        return found.export_public_key()

    keys = set()
    for _ in range(2):
        # Everything that it can write to is below this folder.
        with start(tmp_path, TMPDIR=str(temporary)) as server:
            keys.add(asyncio.run(key(server.port)))
            files = [path for path in tmp_path.rglob("*") if path.is_file()]
            assert server.log_file in files
            assert [path for path in files if b"PRIVATE KEY" in path.read_bytes()] == []
    assert len(keys) == 2


def test_each_session_is_logged_but_not_the_commands_typed(private_ssh_server):
    run(private_ssh_server, "echo the-secret")
    wait_until(lambda: "SSH session 1 ends" in private_ssh_server.output, "the end", SOON)
    assert "SSH session 1 from 127.0.0.1 begins: a command." in private_ssh_server.output
    assert "the-secret" not in private_ssh_server.output


def test_the_log_may_be_json(tmp_path):
    with start(tmp_path, KOLIBRI_AZURE_LOG_FORMAT="json") as ssh_server:
        run(ssh_server, "true")
        wait_until(lambda: "SSH session 1 ends" in ssh_server.output, "the end", SOON)
        assert all(json.loads(line)["time"] for line in ssh_server.output.splitlines())


def test_a_port_that_is_taken_is_tried_again_and_ends_nothing(ssh_server, tmp_path):
    """A failed shell is no reason to replace a container that serves learners."""
    other = begin(tmp_path, ssh_server.port)
    with other:
        other.wait_until(lambda: "can't listen" in other.output, "a line in the log", SOON)
        other.signal(signal.SIGTERM)
        assert other.wait_for_exit(SOON) == 0


@pytest.mark.parametrize(
    "platform, where", [({}, "127.0.0.1"), ({"WEBSITE_SITE_NAME": "kolibri"}, "0.0.0.0")]
)
def test_only_the_platform_is_let_in_over_the_network(platform, where, monkeypatch):
    monkeypatch.delenv("WEBSITE_SITE_NAME", raising=False)
    for name, value in platform.items():
        monkeypatch.setenv(name, value)
    assert shell.address() == where
