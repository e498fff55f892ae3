"""Repeats a step of an import once the share is back."""

from __future__ import annotations

import functools
import logging
import time
from typing import Any, Callable, TypeVar

import tenacity

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.content.channels import task_notes
from kolibri_azure_plugin.content.channels.import_errors import (
    interruption,
    is_corrupt,
    is_retryable,
)
from kolibri_azure_plugin.content.share_waiter import GLANCE, ShareWaiter
from kolibri_azure_plugin.errors import ContentShareError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

#: How often a step is tried, each time with the share back, and the longest pause in seconds.
TRIES = 6
MAX_DELAY = 16.0

#: How often a file is fetched when its content does not match the digest in its name.
MAX_CORRUPT_ATTEMPTS = 2


def retry_import_step(
    work: Callable[[], Result],
    *,
    folder: str,
    source: str | None,
    job: Any,
    check_cancelled: Callable[[], None],
) -> Result:
    """Do the work, and repeat it when the share may have made it fail.

    :param folder: the destination.
    :param source: the folder on the drive, when the import is from a drive.
    :param job: the task that shows the wait in Kolibri's list; None for a command.
    :param check_cancelled: raises when the task has been cancelled.
    :raises InterruptedImportError: when the share is not back in time, or has no room.
    """

    def wait_for_share(state: tenacity.RetryCallState) -> None:
        share_waiter(folder).wait(functools.partial(_report_waiting, job, check_cancelled))
        task_notes.clear_note(job)
        logger.warning("Repeating a failed step: %s", state.outcome and state.outcome.exception())

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: is_retryable(error, source)),
        stop=_enough,
        wait=tenacity.wait_exponential(max=MAX_DELAY),
        before_sleep=wait_for_share,
        sleep=functools.partial(_sleep, check_cancelled),
        reraise=True,
    )
    try:
        result = retrying(work)
    except Exception as error:
        interrupted = interruption(error, folder, source, _max_wait())
        if interrupted is None:
            task_notes.clear_note(job)
            raise
        task_notes.show_note(job, f"interrupted. {interrupted.failed}")
        raise interrupted from (None if isinstance(error, ContentShareError) else error)
    task_notes.clear_note(job)
    return result


@functools.lru_cache(maxsize=8)
def share_waiter(folder: str) -> ShareWaiter:
    """The process-wide waiter for the share that contains this folder."""

    def ask() -> None:
        require_mount(folder)
        share.use(folder)

    return ShareWaiter(ask, _max_wait())


def require_mount(path: str) -> None:
    """Refuse to write content to the container's disk, where the path leads without the mount.

    Reads the mount table only, and never touches the share.

    :raises ContentShareError: when the share is not mounted.
    """
    deployment = context.current().deployment
    settings = deployment.settings
    if not settings.is_test and deployment.is_on_share(path):
        share.find_mount(settings.content_mount, settings.mount_types)


def _enough(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return state.attempt_number >= (MAX_CORRUPT_ATTEMPTS if is_corrupt(error) else TRIES)


def _max_wait() -> int:
    return context.current().settings.import_patience


def _report_waiting(
    job: Any, check_cancelled: Callable[[], None], error: ContentShareError
) -> None:
    check_cancelled()
    task_notes.show_note(job, f"waiting. {error.failed}")


def _sleep(check_cancelled: Callable[[], None], seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        check_cancelled()
        time.sleep(min(left, GLANCE))
