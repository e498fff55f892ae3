"""Cleans up servers whose owner was killed before it could stop them."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

from devtools.deadline import wait_until

STOP_SECONDS = 60
SETTLED_SECONDS = 600


def try_lock(folder: Path) -> IO[str]:
    """Lock the folder, so that no process takes its server for a leftover.

    Raises BlockingIOError while another process has the lock.
    """
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise
    return lock


def remove_leftovers(parent: Path, pattern: str) -> None:
    """Stop and remove the servers in folders without a lock, except very new folders."""
    for folder in parent.glob(pattern):
        try:
            if time.time() - folder.stat().st_mtime < SETTLED_SECONDS:
                continue
            lock = try_lock(folder)
        except (BlockingIOError, FileNotFoundError):  # in use, or just removed
            continue
        with lock:
            stop_leftover(folder / "data")
            shutil.rmtree(folder, ignore_errors=True)


def stop_leftover(data: Path) -> None:
    """Handle the postmaster.pid that a killed run left in a data folder.

    Stops a server that still runs. Removes a postmaster.pid whose PID now belongs to another
    program, because PostgreSQL would take that for a server.
    """
    first = "".join(pid_file_lines(data)[:1])
    if not first.isdigit():
        return
    pid = int(first)
    command = _command_line(pid)
    if str(data) in command:
        os.kill(pid, signal.SIGINT)
        wait_until(
            lambda: not _command_line(pid),
            f"the PostgreSQL that an earlier run left behind (process {pid}) to end",
            STOP_SECONDS,
        )
    elif command:
        (data / "postmaster.pid").unlink(missing_ok=True)


def pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _command_line(pid: int) -> str:
    """The command line of process `pid`; empty if there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    return subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
