"""Starts child processes of `kolibri start` and `kolibri services` instead of Kolibri's workers.

Only workers in a separate process can stop at once when they lose the lease, without also stopping
the web server.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.instances import worker_main
from kolibri_azure_plugin.instances.child_processes import ChildProcess, ChildProcesses
from kolibri_azure_plugin.instances.termination import END_WITH_PARENT
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

#: Named rather than imported, so that the doctor is not loaded here.
DOCTORS_ROUNDS = (sys.executable, "-m", "kolibri_azure_plugin.doctor.rounds")


def start_child_processes(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """Replace the START of Kolibri's ServicesPlugin, which starts workers in its own process."""

    @wraps(start)
    def start_children(plugin: Any) -> None:
        plugin.worker = ChildProcesses(list(_child_processes()))

    return start_children


def _child_processes() -> Iterator[ChildProcess]:
    deployment = context.current().deployment
    settings = deployment.settings
    if settings.workers:
        yield ChildProcess("workers", worker_main.command_line(END_WITH_PARENT))
    else:
        logger.info("No background workers here: KOLIBRI_AZURE_WORKERS is off.")
    # It also records what happens.
    if settings.check_interval or deployment.wants_postgresql:
        yield ChildProcess("doctor's rounds", [*DOCTORS_ROUNDS, END_WITH_PARENT])


def skip_task_scheduling(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """Disable the START of Kolibri's DefaultScheduledTasksPlugin. The worker schedules the jobs.

    Their ids are fixed, and a job that is scheduled again just after it was picked would run twice.
    """

    @wraps(start)
    def nothing(_plugin: Any) -> None:
        """The workers' process schedules the jobs when it takes the lease."""

    return nothing
