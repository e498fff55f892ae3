"""Touches a folder and reports on it. A separate program, because touching a dead share hangs.

It runs with an isolated Python, so it imports only the standard library.

Usage: probe_process.py ACTION FOLDER, with the action's arguments as one JSON object on standard
input. Prints `ready`, then one JSON object. The actions are the functions of :data:`ACTIONS`. The
action `steadily` touches the folder once per line of standard input, and prints one JSON object
each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import uuid
from typing import Any, Callable

PREFIX = ".kolibri-azure-probe-"

#: Seconds after which a probe file must be from a killed probe.
ABANDONED = 600


def touch(folder: str, marker: str | None = None) -> dict[str, Any]:
    """Write, read and delete a small file; with a marker, also read the file of that name."""
    times = _write_read_delete(folder, uuid.uuid4().hex.encode())
    _remove_abandoned(folder)
    space = os.statvfs(folder)
    return {
        **times,
        "free_bytes": space.f_bavail * space.f_frsize,
        "total_bytes": space.f_blocks * space.f_frsize,
        "marker": _marker(os.path.join(folder, marker)) if marker else None,
    }


def throughput(folder: str, size: int) -> dict[str, Any]:
    """Write, read and delete a file of this many bytes."""
    return _write_read_delete(folder, os.urandom(size))


def missing(folder: str, names: list[str]) -> dict[str, Any]:
    """Which of these files, named relative to the folder, are missing."""
    return {"missing": [name for name in names if not os.path.exists(os.path.join(folder, name))]}


ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "touch": touch,
    "throughput": throughput,
    "missing": missing,
}


def _write_read_delete(folder: str, content: bytes) -> dict[str, float]:
    path = os.path.join(folder, PREFIX + uuid.uuid4().hex)
    times = {}
    try:
        start = time.perf_counter()
        with open(path, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        times["write_ms"] = _milliseconds(start)
        start = time.perf_counter()
        if _read_from_server(path) != content:
            raise OSError("a file that was just written reads back differently")
        times["read_ms"] = _milliseconds(start)
    finally:
        start = time.perf_counter()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        times["delete_ms"] = _milliseconds(start)
    return times


def _marker(path: str) -> str | None:
    """The text of a file; None when it is missing, as on the wrong share."""
    try:
        return _read_from_server(path).decode()
    except FileNotFoundError:
        return None


def _read_from_server(path: str) -> bytes:
    """The file's bytes from the server, not from the page cache."""
    with open(path, "rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return file.read()


def _remove_abandoned(folder: str) -> None:
    with os.scandir(folder) as entries:
        paths = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    for path in paths:
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > ABANDONED:
                os.unlink(path)


def _milliseconds(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 2)


def main() -> None:
    action, folder = sys.argv[1:3]
    # The caller's deadline for the share begins here, after the start of Python.
    _say("ready")
    if action == "steadily":
        for _ in sys.stdin.buffer:
            _say(json.dumps(_report(touch, folder)))
    else:
        json.dump(_report(ACTIONS[action], folder, **json.load(sys.stdin)), sys.stdout)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _report(action: Callable[..., dict[str, Any]], folder: str, **arguments: Any) -> dict[str, Any]:
    try:
        return action(folder, **arguments)
    except OSError as error:
        return {"errno": error.errno, "error": error.strerror or str(error)}


if __name__ == "__main__":
    main()
