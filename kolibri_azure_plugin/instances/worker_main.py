"""The process that runs the background workers while it holds the lease, or else stands by."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

from kolibri.utils import conf

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.housekeeping.temporary_uploads import sweep_until
from kolibri_azure_plugin.instances.lease import Lease
from kolibri_azure_plugin.instances.termination import END_WITH_PARENT, stop_on_signal
from kolibri_azure_plugin.instances.watchdog import log_without_blocking
from kolibri_azure_plugin.wrapping import original

logger = logging.getLogger(__name__)

COMMAND = "azure_worker"

#: Seconds that a process has to end after it gives up the lease; half of the time that the next
#: holder waits (`lease.END_SECONDS`).
EXIT_SECONDS = 0.5


def command_line(*options: str) -> list[str]:
    """The command that starts such a process."""
    return [sys.executable, "-m", "kolibri", "manage", "--skip-update", COMMAND, *options]


def run(*, end_with_parent: bool) -> NoReturn:
    """Run the workers or stand by until SIGTERM or SIGINT, then end the process.

    :param end_with_parent: also end when standard input closes, as it does when the parent ends.
    """
    stopping = threading.Event()
    stop_on_signal(stopping, end_with_parent=end_with_parent)
    connections.current().gate.start_again_after_restore(stopping.set)
    sweep_until(stopping)
    options = (END_WITH_PARENT,) if end_with_parent else ()
    lease = Lease(lambda reason: _start_over(reason, options))
    code = 1
    try:
        with lease.hold(stopping) as held, _soon_gone():
            if held:
                _work(lease, stopping)
        code = 0
    except Exception:
        logger.exception("The workers' process ends because of an error.")
    finally:
        # A running job would keep the interpreter alive, and continue without the lease.
        logging.shutdown()
        os._exit(code)


@contextlib.contextmanager
def _soon_gone() -> Iterator[None]:
    """End the process after this block, even if its log or its connection blocks.

    No one watches the lease by then, and the next holder does not wait for running jobs.
    """
    code = 1
    try:
        yield
        code = 0
    finally:
        timer = threading.Timer(EXIT_SECONDS, os._exit, (code,))
        timer.daemon = True
        timer.start()


def _work(lease: Lease, stopping: threading.Event) -> None:
    from kolibri.utils.server import DefaultScheduledTasksPlugin

    from kolibri_azure_plugin.content.first_content.task import schedule_first_imports
    from kolibri_azure_plugin.facility_data.notifications import drainer
    from kolibri_azure_plugin.housekeeping.schedule import schedule_rounds
    from kolibri_azure_plugin.instances.leased_worker import LeasedWorker

    tasks = conf.OPTIONS["Tasks"]
    # If on, Kolibri stores the current job in a variable of the process, but these are threads.
    tasks["USE_WORKER_MULTIPROCESSING"] = False
    original(DefaultScheduledTasksPlugin.START)(None)
    schedule_rounds()
    schedule_first_imports()
    # Web processes handle what they wrote themselves. This one also handles what ended ones left.
    drainer.start(regularly=True)
    worker = LeasedWorker(lease, tasks["REGULAR_PRIORITY_WORKERS"], tasks["HIGH_PRIORITY_WORKERS"])
    stopping.wait()
    drainer.stop()
    worker.shutdown(wait=True)


def _start_over(reason: str, options: tuple[str, ...]) -> None:
    """Replace this process with a new one, which ends all of its threads."""
    log_without_blocking(logger, f"The workers stop, because their lease is lost: {reason}.")
    os.execv(sys.executable, command_line(*options))  # noqa: S606
