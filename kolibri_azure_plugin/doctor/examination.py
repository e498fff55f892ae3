"""An examination by a doctor of its own process, which may hang, break or be ended at any moment.

It is a process because what it loads is large and needed for seconds only, and because a thread
that hangs could not be ended.
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

from kolibri_azure_plugin.checks.model import Scope

COMMAND = (sys.executable, "-m", "kolibri_azure_plugin.doctor", "--format", "json", "--unhurried")

#: Seconds that it may take; the doctor's own limit, twice, and a start on a busy machine.
LIMIT_SECONDS = 300.0

#: Seconds between two looks at whether it has to end.
GLANCE_SECONDS = 0.2

#: Seconds that a killed process gets to be gone; one that hangs in the kernel takes longer.
KILL_SECONDS = 2.0

#: The most characters of what a broken doctor said that are passed on, from the end.
LAST_WORDS = 2000


class NoReportError(Exception):
    """The doctor ended without a report, or did not end; the text says how."""


class StoppedError(Exception):
    """The examination was ended, because the process that wants it ends."""


class Examiner:
    """Examines again and again, never twice at the same time.

    :param stopping: ends an examination when it is set.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._last: subprocess.Popen[str] | None = None

    def examine(self, scopes: Collection[Scope]) -> dict[str, Any]:
        """The report about these scopes, as docs/azure_check.schema.json describes it.

        It also has what the checks of these scopes require.

        :raises NoReportError: when there is none.
        :raises StoppedError: when there was not time enough.
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
                return process.communicate(timeout=GLANCE_SECONDS)
            if self._stopping.is_set():
                raise StoppedError
            if time.monotonic() > end:
                raise NoReportError(f"it was not done after {LIMIT_SECONDS:g} s")


def _kill(process: subprocess.Popen[str]) -> None:
    """It changes nothing, so nothing is lost; and never wait for one that can't be killed."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=KILL_SECONDS)
