"""Runs the program of backups in a process of its own, which can be given up if a share hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO

from kolibri_azure_plugin.errors.redaction import redact

PROGRAM = (sys.executable, "-m", "kolibri_azure_plugin.facility_data.backups")

#: Seconds to wait for a killed process. One that hangs in the kernel takes longer.
KILL_SECONDS = 2.0


class BackupFailedError(Exception):
    """The program failed, or took too long. The text is the reason."""


def run(words: Sequence[str], seconds: float) -> list[str]:
    """Run it to its end; returns the lines that it printed.

    :param words: its arguments.
    :raises BackupFailedError: when it fails, or does not end in time.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = _start(words, output, errors)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _give_up(process)
            raise BackupFailedError(f"it was not done after {seconds:g} s") from None
        output.seek(0)
        errors.seek(0)
        if code:
            said = errors.read().decode(errors="replace").strip()
            raise BackupFailedError(redact(said) or f"it ended with code {code}")
        return output.read().decode(errors="replace").splitlines()


def _start(words: Sequence[str], output: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [*PROGRAM, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        # Such as a machine that has no memory for another process.
        raise BackupFailedError(f"it could not be started: {error.strerror}") from error


def _give_up(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(KILL_SECONDS)
