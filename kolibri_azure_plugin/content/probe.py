"""Starts the probe of a folder, and gives up on it in time.

A process that hangs in a dead share can't be ended, not even by SIGKILL, until the share answers.
So it is never waited for, and no second one is started while it lives.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("probe_process.py")

#: All that the probe inherits: it has no business with secrets.
NEEDED_BY_PYTHON = ("LD_LIBRARY_PATH",)

#: Seconds that a probe may take from its first word on. A healthy share on Azure answers within
#: 50 ms.
DEADLINE = 1.5

#: Seconds until that word: a busy machine takes its time to start Python, and the share has no part
#: in it.
STARTING = 10.0
FIRST_WORD = b"ready\n"

#: Where a probe that hangs is noted for processes that come after this one; None: nowhere.
_notes: Path | None = None

_hung: dict[str, subprocess.Popen[bytes]] = {}
_locks: collections.defaultdict[str, threading.Lock] = collections.defaultdict(threading.Lock)


class ProbeHangsError(Exception):
    """The folder gave no answer within the deadline, or still gives none to an earlier probe."""


@dataclasses.dataclass(frozen=True)
class Measurements:
    """What the probe measured; times in milliseconds, sizes in bytes.

    :param marker: the text of the marker file that was asked for.
    """

    write_ms: float
    read_ms: float
    delete_ms: float
    free_bytes: int
    total_bytes: int
    marker: str | None = None


@dataclasses.dataclass(frozen=True)
class Throughput:
    """How long a file of a known size took, in milliseconds."""

    write_ms: float
    read_ms: float
    delete_ms: float


def note_hung_probes_in(file: Path) -> None:
    """Start no probe, either, while one of an earlier process hangs that used the same file.

    For a program that is run again and again: it would leave one more of them each time.
    """
    global _notes
    _notes = file


def touch(folder: str, marker: str | None = None) -> Measurements:
    """Write, read and delete a small file in the folder.

    :param marker: name of a file in the folder whose text is asked for as well.
    :raises ProbeHangsError: when there is no answer in time.
    :raises OSError: when the folder can't be read or written.
    """
    return Measurements(**_probe("touch", folder, {"marker": marker}, DEADLINE))


def throughput(folder: str, size: int, seconds: float) -> Throughput:
    """Write, read and delete a file of this many bytes; errors as for :func:`touch`."""
    return Throughput(**_probe("throughput", folder, {"size": size}, seconds))


def missing(folder: str, names: Sequence[str], seconds: float) -> list[str]:
    """The names that are no files in the folder; errors as for :func:`touch`."""
    report = _probe("missing", folder, {"names": list(names)}, seconds)
    return list(report["missing"])


def errand(
    program: Path, action: str, folder: str, arguments: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """Have another program, of the same form as the probe's, do something in the folder.

    No probe waits for it. Errors as for :func:`touch`.
    """
    return _probe(action, folder, arguments, seconds, program)


def _probe(
    action: str, folder: str, arguments: dict[str, Any], seconds: float, program: Path = PROGRAM
) -> dict[str, Any]:
    key = folder if program is PROGRAM else f"{folder} {program.stem}"
    with _locks[key]:
        earlier = _hung.get(key)
        if (earlier is not None and earlier.poll() is None) or _noted_one_hangs(key):
            raise ProbeHangsError("an earlier probe of it still hangs")
        process = start(program, action, folder)
        if not _has_started(process):
            _abandon(process)
            raise ProbeHangsError(f"the probe did not start within {STARTING:g} seconds")
        try:
            output, _ = process.communicate(json.dumps(arguments).encode(), timeout=seconds)
            _hung.pop(key, None)
        except subprocess.TimeoutExpired:
            _hung[key] = process
            _note(key, process.pid)
            _abandon(process)
            raise ProbeHangsError(f"no answer within {seconds:g} seconds") from None
    return _read_report(output)


def start(
    program: Path, action: str, folder: str, buffer_size: int = -1
) -> subprocess.Popen[bytes]:
    """A process of a probe's program, which is told more on its standard input."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(program), action, folder],
        bufsize=buffer_size,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in NEEDED_BY_PYTHON if name in os.environ},
        start_new_session=True,
    )


def _has_started(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the first word; True also where the process has ended instead."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(STARTING):
            return False
    # Beside the buffer: the rest is left for `communicate`.
    os.read(process.stdout.fileno(), len(FIRST_WORD))
    return True


def _abandon(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _note(folder: str, pid: int) -> None:
    if _notes is not None:
        with contextlib.suppress(OSError):
            noted = {**_read_notes(_notes), folder: (pid, _birth(pid))}
            _notes.write_text(json.dumps(noted), encoding="utf-8")


def _noted_one_hangs(folder: str) -> bool:
    if _notes is None:
        return False
    pid, birth = _read_notes(_notes).get(folder, (0, ""))
    return bool(birth) and _birth(pid) == birth


def _read_notes(file: Path) -> dict[str, tuple[int, str]]:
    """The process that hangs in each folder, and its birth; empty where nothing is noted."""
    try:
        notes = json.loads(file.read_text(encoding="utf-8"))
        return {folder: (int(pid), str(birth)) for folder, (pid, birth) in notes.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _birth(pid: int) -> str:
    """When a process began, in the kernel's own units; empty when there is none of this id.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    try:
        # The name, in brackets, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, birth = fields[0], fields[19]
    return "" if state == "Z" else birth


def _read_report(output: bytes) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(output)
    except ValueError:
        raise OSError("the probe ended without a report") from None
    if "error" in report:
        raise OSError(report["errno"], report["error"])
    return report
