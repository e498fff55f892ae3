"""Probes a folder in a separate process, with a deadline.

A process that hangs on a dead share can't be killed, not even by SIGKILL, until the share answers.
So this process never waits for it, and starts no second one while it lives.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kolibri_azure_plugin.content.hung_probes import HungProbes

PROGRAM = Path(__file__).with_name("probe_process.py")

#: The environment variables that the probe inherits. It needs no others, such as secrets.
NEEDED_BY_PYTHON = ("LD_LIBRARY_PATH",)

#: Seconds for the probe from its `ready` on. A healthy share on Azure answers within 50 ms.
DEADLINE = 1.5

#: Seconds until `ready`. This time has nothing to do with the share: a busy machine is slow to
#: start Python.
START_TIMEOUT = 10.0
READY_LINE = b"ready\n"

#: Hung probes of earlier processes of this program; None when they are not tracked.
_hung_earlier: HungProbes | None = None

_hung: dict[str, subprocess.Popen[bytes]] = {}
_locks: collections.defaultdict[str, threading.Lock] = collections.defaultdict(threading.Lock)


class ProbeTimeoutError(Exception):
    """A probe of the folder gave no answer within its deadline, or an earlier one still hangs."""


@dataclasses.dataclass(frozen=True)
class Measurements:
    """What the probe measured; times in milliseconds, sizes in bytes.

    :param marker: the text of the requested marker file.
    """

    write_ms: float
    read_ms: float
    delete_ms: float
    free_bytes: int
    total_bytes: int
    marker: str | None = None


@dataclasses.dataclass(frozen=True)
class Throughput:
    """How long it took to write, read and delete a file, in milliseconds."""

    write_ms: float
    read_ms: float
    delete_ms: float


def track_hung_probes(hung: HungProbes | None) -> None:
    """Start no probe while one from an earlier process with the same file still hangs.

    Without this, a program that runs often would leave another hung probe each time.

    :param hung: None, the default, counts only the probes of this process.
    """
    global _hung_earlier
    _hung_earlier = hung


def do_nothing() -> None:
    """Take no notice of a probe's start."""


def touch(
    folder: str, marker: str | None = None, on_start: Callable[[], None] = do_nothing
) -> Measurements:
    """Write, read and delete a small file in the folder.

    :param marker: the name of a file in the folder whose text to return as well.
    :param on_start: called when the probe is running, and turns to the folder.
    :raises ProbeTimeoutError: when there is no answer in time.
    :raises OSError: when the folder can't be read or written.
    """
    return Measurements(**_probe("touch", folder, {"marker": marker}, DEADLINE, on_start=on_start))


def throughput(folder: str, size: int, seconds: float) -> Throughput:
    """Write, read and delete a file of this many bytes; errors as for :func:`touch`."""
    return Throughput(**_probe("throughput", folder, {"size": size}, seconds))


def missing(folder: str, names: Sequence[str], seconds: float) -> list[str]:
    """Which of these files are missing from the folder; errors as for :func:`touch`."""
    report = _probe("missing", folder, {"names": list(names)}, seconds)
    return list(report["missing"])


def run_program(
    program: Path, action: str, folder: str, arguments: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """Run another program in the folder, with the same command line and output as the probe's.

    A hung program does not block probes of the folder. Errors as for :func:`touch`.
    """
    return _probe(action, folder, arguments, seconds, program)


def _probe(
    action: str,
    folder: str,
    arguments: dict[str, Any],
    seconds: float,
    program: Path = PROGRAM,
    on_start: Callable[[], None] = do_nothing,
) -> dict[str, Any]:
    key = folder if program is PROGRAM else f"{folder} {program.stem}"
    with _locks[key]:
        earlier = _hung.get(key)
        hangs_still = earlier is not None and earlier.poll() is None
        if hangs_still or (_hung_earlier is not None and _hung_earlier.hangs_in(key)):
            raise ProbeTimeoutError("an earlier probe of it still hangs")
        process = start(program, action, folder)
        if not _has_started(process):
            _abandon(process)
            raise ProbeTimeoutError(f"the probe did not start within {START_TIMEOUT:g} seconds")
        on_start()
        try:
            output, _ = process.communicate(json.dumps(arguments).encode(), timeout=seconds)
            _hung.pop(key, None)
        except subprocess.TimeoutExpired:
            _hung[key] = process
            if _hung_earlier is not None:
                _hung_earlier.note(key, process.pid)
            _abandon(process)
            raise ProbeTimeoutError(f"no answer within {seconds:g} seconds") from None
    return _read_report(output)


def start(
    program: Path, action: str, folder: str, buffer_size: int = -1
) -> subprocess.Popen[bytes]:
    """Start a probe's program, which reads its arguments from standard input."""
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
    """Wait for `ready`. True, too, when the process has ended instead."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(START_TIMEOUT):
            return False
    # Bypass the stream's buffer, so the rest stays in the pipe for `communicate`.
    os.read(process.stdout.fileno(), len(READY_LINE))
    return True


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
