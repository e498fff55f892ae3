"""The doctor's exit code and exit."""

from __future__ import annotations

import os
import sys
import threading

from kolibri_azure_plugin.doctor import arguments
from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.report import Report


def exit_code_of(report: Report, fail_level: str) -> int:
    """The exit code for a report.

    :param fail_level: ``error``, or ``warning``, which gives warnings their own code.
    """
    statuses = {result.outcome.status for result in report.results}
    if Status.FAIL in statuses:
        return arguments.FAILURE
    if Status.WARN in statuses and fail_level == "warning":
        return arguments.WARNING
    return arguments.ALL_PASSED


def flush_and_exit(code: int) -> None:
    """End the process, even while an abandoned check still hangs in a system call."""
    sys.stderr.flush()
    if any(thread.daemon and thread.is_alive() for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)
