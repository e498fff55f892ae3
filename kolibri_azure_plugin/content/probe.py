"""Starts the probe of a folder, and gives up on it in time.

A process that hangs in a dead share can't be ended, not even by SIGKILL, until the share answers.
So it is never waited for, and no second one is started while it lives.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("probe_process.py")

#: All that the probe inherits: it has no business with secrets.
NEEDED_BY_PYTHON = ("LD_LIBRARY_PATH",)

#: Seconds that a probe may take. A healthy share on Azure answers within 50 ms.
DEADLINE = 1.5

_hung: dict[str, subprocess.Popen[bytes]] = {}
_lock = threading.Lock()


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


def probe(folder: str, marker: str | None = None, seconds: float = DEADLINE) -> Measurements:
    """Write, read and delete a small file in the folder.

    :param marker: name of a file in the folder whose text is asked for as well.
    :raises ProbeHangsError: when there is no answer in time.
    :raises OSError: when the folder can't be read or written.
    """
    with _lock:
        earlier = _hung.get(folder)
        if earlier is not None and earlier.poll() is None:
            raise ProbeHangsError("an earlier probe of it still hangs")
        process = _start(folder, marker)
        try:
            output, _ = process.communicate(timeout=seconds)
            _hung.pop(folder, None)
        except subprocess.TimeoutExpired:
            _hung[folder] = process
            _abandon(process)
            raise ProbeHangsError(f"no answer within {seconds} seconds") from None
    return _read_report(output)


def _start(folder: str, marker: str | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(PROGRAM), folder, *([marker] if marker else [])],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in NEEDED_BY_PYTHON if name in os.environ},
        start_new_session=True,
    )


def _abandon(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    process.stdout.close()


def _read_report(output: bytes) -> Measurements:
    try:
        report: dict[str, Any] = json.loads(output)
    except ValueError:
        raise OSError("the probe ended without a report") from None
    if "error" in report:
        raise OSError(report["errno"], report["error"])
    return Measurements(**report)
