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

#: Seconds that a probe may take. A healthy share on Azure answers within 50 ms.
DEADLINE = 1.5

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


def _probe(action: str, folder: str, arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
    with _locks[folder]:
        earlier = _hung.get(folder)
        if earlier is not None and earlier.poll() is None:
            raise ProbeHangsError("an earlier probe of it still hangs")
        process = _start(action, folder)
        try:
            output, _ = process.communicate(json.dumps(arguments).encode(), timeout=seconds)
            _hung.pop(folder, None)
        except subprocess.TimeoutExpired:
            _hung[folder] = process
            _abandon(process)
            raise ProbeHangsError(f"no answer within {seconds:g} seconds") from None
    return _read_report(output)


def _start(action: str, folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(PROGRAM), action, folder],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in NEEDED_BY_PYTHON if name in os.environ},
        start_new_session=True,
    )


def _abandon(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _read_report(output: bytes) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(output)
    except ValueError:
        raise OSError("the probe ended without a report") from None
    if "error" in report:
        raise OSError(report["errno"], report["error"])
    return report
