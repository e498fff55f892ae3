"""The process that runs the background workers while it has the lease, and stands by otherwise."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import NoReturn

from kolibri.utils import conf

from kolibri_azure_plugin.housekeeping.temporary_uploads import sweep_until
from kolibri_azure_plugin.instances.lease import Lease
from kolibri_azure_plugin.instances.parents import END_WITH_PARENT, stop_when_told
from kolibri_azure_plugin.instances.watch import say_in_any_case
from kolibri_azure_plugin.wrapping import original

logger = logging.getLogger(__name__)

COMMAND = "azure_worker"


def command_line(*options: str) -> list[str]:
    """What starts such a process."""
    return [sys.executable, "-m", "kolibri", "manage", "--skip-update", COMMAND, *options]


def run(*, end_with_parent: bool) -> NoReturn:
    """Run the workers, or stand by, until SIGTERM or SIGINT; ends the process.

    :param end_with_parent: also end when standard input is closed, as it is when the process at
        its other end is gone.
    """
    stopping = threading.Event()
    stop_when_told(stopping, end_with_parent=end_with_parent)
    sweep_until(stopping)
    options = (END_WITH_PARENT,) if end_with_parent else ()
    lease = Lease(lambda reason: _start_over(reason, options))
    code = 1
    try:
        with lease.hold(stopping) as held:
            if held:
                _work(lease, stopping)
        code = 0
    except Exception:
        logger.exception("The workers' process ends because of an error.")
    finally:
        # A job that still runs would keep the interpreter from ending, and work on unwatched.
        logging.shutdown()
        os._exit(code)


def _work(lease: Lease, stopping: threading.Event) -> None:
    from kolibri.utils.server import DefaultScheduledTasksPlugin

    from kolibri_azure_plugin.housekeeping.schedule import schedule_rounds
    from kolibri_azure_plugin.instances.job_worker import LeasedWorker
    from kolibri_azure_plugin.notifications import drainer

    tasks = conf.OPTIONS["Tasks"]
    # Kolibri keeps the current job in a variable of the process when this is on; these are threads.
    tasks["USE_WORKER_MULTIPROCESSING"] = False
    original(DefaultScheduledTasksPlugin.START)(None)
    schedule_rounds()
    # Web processes work off what they wrote; this one also what a process that is gone left.
    drainer.start(regularly=True)
    worker = LeasedWorker(lease, tasks["REGULAR_PRIORITY_WORKERS"], tasks["HIGH_PRIORITY_WORKERS"])
    stopping.wait()
    drainer.stop()
    worker.shutdown(wait=True)


def _start_over(reason: str, options: tuple[str, ...]) -> None:
    """Put a fresh process in the place of this one, so that no thread of it works on."""
    say_in_any_case(logger, f"The workers stop, because their lease is lost: {reason}.")
    os.execv(sys.executable, command_line(*options))  # noqa: S606
