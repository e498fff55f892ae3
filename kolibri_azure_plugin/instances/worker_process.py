"""What runs beside `kolibri start` and `kolibri services`, and what Kolibri would start instead.

Only where the workers are a process of their own can they stop at once when they lose the lease,
without taking the web server with them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin import context
from kolibri_azure_plugin.instances import workers
from kolibri_azure_plugin.instances.companions import Companion, Companions
from kolibri_azure_plugin.instances.parents import END_WITH_PARENT
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def start_process(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """Around the START of Kolibri's ServicesPlugin, which starts workers in its own process."""

    @wraps(start)
    def start_outside(plugin: Any) -> None:
        plugin.worker = Companions(list(_companions()))

    return start_outside


def _companions() -> Iterator[Companion]:
    # Web servers, which start neither, need not load it.
    from kolibri_azure_plugin.doctor import rounds

    settings = context.current().settings
    if settings.workers:
        yield Companion("workers", workers.command_line(END_WITH_PARENT))
    else:
        logger.info("No background workers here: KOLIBRI_AZURE_WORKERS is off.")
    if settings.check_interval:
        yield Companion("doctor's rounds", rounds.command_line(END_WITH_PARENT))


def leave_to_the_holder(start: Callable[[Any], None]) -> Callable[[Any], None]:
    """Around the START of Kolibri's DefaultScheduledTasksPlugin: who runs the jobs schedules them.

    Their ids are fixed, and a job that is scheduled when it was just picked would run twice.
    """

    @wraps(start)
    def nothing(_plugin: Any) -> None:
        """The workers' process does it when it takes the lease."""

    return nothing
