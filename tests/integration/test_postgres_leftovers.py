"""Servers and folders that ended processes have left: they are taken over, or removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.certificates import CertificateAuthority
from devtools.deadline import wait_until
from devtools.postgres import PostgresServer
from devtools.postgres.account import Account
from devtools.postgres.leftovers import remove_leftovers, try_lock

from .postgres_folders import reachable_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


def test_a_server_whose_owner_was_killed_is_taken_over(
    folder: Path, authority: CertificateAuthority
) -> None:
    orphan = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(folder / "state"), str(authority.folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert orphan.stdout is not None
    assert orphan.stdout.readline() == "started\n"
    with pytest.raises(PermissionError, match="in use by another process"):
        PostgresServer.create(folder / "state", authority)
    orphan.send_signal(signal.SIGKILL)
    orphan.communicate()
    left_behind = int((folder / "state" / "data" / "postmaster.pid").read_text().split()[0])

    with PostgresServer.create(folder / "state", authority) as server:
        assert server.execute("SELECT 1") == [(1,)]

    wait_until(lambda: not Path(f"/proc/{left_behind}/cmdline").exists(), "it to be gone", 10)


START_AND_WAIT = """
import sys, time
from pathlib import Path
from devtools.certificates import CertificateAuthority
from devtools.postgres import PostgresServer
server = PostgresServer.create(Path(sys.argv[1]), CertificateAuthority.create(Path(sys.argv[2])))
server.start()
print("started", flush=True)
time.sleep(600)
"""


def test_abandoned_temporary_servers_are_removed(
    folder: Path, authority: CertificateAuthority
) -> None:
    abandoned, held, new = (folder / f"postgres-{name}" for name in ("abandoned", "held", "new"))
    server = PostgresServer.create(abandoned, authority)
    server.start()
    pid = int((abandoned / "data" / "postmaster.pid").read_text().split()[0])
    server.abandon()
    held.mkdir()
    new.mkdir()
    for old in (abandoned, held):
        os.utime(old, (0, 0))

    with try_lock(held):
        remove_leftovers(folder, "postgres-*")

    assert sorted(path.name for path in folder.glob("postgres-*")) == [
        "postgres-held",
        "postgres-new",
    ]
    assert server.running is False
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_pid_file_that_now_names_another_process_is_no_obstacle(
    folder: Path, authority: CertificateAuthority
) -> None:
    server = PostgresServer.create(folder / "state", authority)
    server.start()
    server.kill()
    pid_file = folder / "state" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.start()
    server.stop()
    # PostgreSQL mistakes any process of its own account for a server that still runs.
    bystander = Account.for_servers().start(["sleep", "600"], subprocess.DEVNULL)
    pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")

    with server:
        assert server.execute("SELECT 1") == [(1,)]

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
