"""An examination by a doctor in a separate process, which may hang, fail or be ended at any time.

A process frees its memory after a few seconds of use. And unlike a thread, it can be ended when it
hangs.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from typing import Any

from kolibri_azure_plugin.doctor.registry import Scope

COMMAND = (sys.executable, "-m", "kolibri_azure_plugin.doctor", "--format", "json", "--unhurried")

#: Seconds that it may take: twice the doctor's own limit, and a start on a busy machine.
LIMIT_SECONDS = 300.0

#: Seconds between two checks of whether it has to end.
POLL_SECONDS = 0.2

#: Seconds to wait for a killed process. One that hangs in the kernel takes longer.
KILL_SECONDS = 2.0

#: The number of characters kept from the end of a failed doctor's output.
LAST_WORDS = 2000


class NoReportError(Exception):
    """The doctor ended without a report, or did not end. The text explains it."""


class StoppedError(Exception):
    """The examination was ended, because the process that requested it ends."""


class Examiner:
    """Runs one examination at a time.

    :param stopping: ends the examination when set.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._last: subprocess.Popen[str] | None = None

    def examine(self, scopes: Collection[Scope]) -> dict[str, Any]:
        """The report about these scopes, as docs/azure_check.schema.json describes it.

        It also contains the checks that those of these scopes require.

        :raises NoReportError: when there is none.
        :raises StoppedError: when it had to end early.
        """
        if self._last is not None and self._last.poll() is None:
            raise NoReportError(f"the last doctor, process {self._last.pid}, can't be ended")
        only = [word for scope in scopes for word in ("--scope", scope.value)]
        process = self._last = subprocess.Popen(
            [*COMMAND, *(only if len(scopes) < len(Scope) else ())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            output, errors = self._wait(process)
        except BaseException:
            _kill(process)
            raise
        with contextlib.suppress(ValueError):
            report: dict[str, Any] = json.loads(output)
            return report
        raise NoReportError(
            f"it ended with code {process.returncode}: {errors.strip()[-LAST_WORDS:] or 'no word'}"
        )

    def _wait(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=POLL_SECONDS)
            if self._stopping.is_set():
                raise StoppedError
            if time.monotonic() > end:
                raise NoReportError(f"it was not done after {LIMIT_SECONDS:g} s")


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill it: it changes nothing. Do not wait for a process that can't be killed."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=KILL_SECONDS)
