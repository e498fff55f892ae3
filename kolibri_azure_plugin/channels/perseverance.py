"""Does a part of an import again, once the share is back."""

from __future__ import annotations

import functools
import logging
import os
import time
from typing import Any, Callable, TypeVar

import tenacity

from kolibri_azure_plugin import context
from kolibri_azure_plugin.channels import task_notes
from kolibri_azure_plugin.channels.interruptions import bytes_are_wrong, interruption, may_pass
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.content.patience import GLANCE, Patience
from kolibri_azure_plugin.errors import ContentShareError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

#: How often a part is tried, each time with the share back, and the longest pause in seconds.
TRIES = 6
LONGEST_PAUSE = 16.0

#: How often a file is fetched whose bytes are not those that its name promises.
TRIES_OF_WRONG_BYTES = 2


def persevere(
    work: Callable[[], Result],
    *,
    folder: str,
    source: str | None,
    job: Any,
    give_up: Callable[[], None],
) -> Result:
    """Do the work, and do it again where the share may have made it fail.

    :param folder: where the content goes.
    :param source: the folder of the drive that it comes from, if it is one.
    :param job: the task, if it is one, which says that it waits.
    :param give_up: raises when the task has been cancelled.
    :raises InterruptedImportError: when the share is not back in time, or has no room.
    """

    def wait_for_the_share(state: tenacity.RetryCallState) -> None:
        patience_with(folder).wait(functools.partial(_say_that_it_waits, job, give_up))
        task_notes.take_back(job)
        logger.warning("Trying again what failed: %s", state.outcome and state.outcome.exception())

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: may_pass(error, source)),
        stop=_enough,
        wait=tenacity.wait_exponential(max=LONGEST_PAUSE),
        before_sleep=wait_for_the_share,
        sleep=functools.partial(_sleep, give_up),
        reraise=True,
    )
    try:
        result = retrying(work)
    except Exception as error:
        interrupted = interruption(error, folder, source, _patience_seconds())
        if interrupted is None:
            task_notes.take_back(job)
            raise
        task_notes.say(job, f"interrupted. {interrupted.failed}")
        raise interrupted from (None if isinstance(error, ContentShareError) else error)
    task_notes.take_back(job)
    return result


@functools.lru_cache(maxsize=8)
def patience_with(folder: str) -> Patience:
    """The one that all threads of this process have with the share that holds a folder."""

    def ask() -> None:
        require_mount(folder)
        share.use(folder)

    return Patience(ask, _patience_seconds())


def require_mount(path: str) -> None:
    """Without its mount, a folder of the share is one of the container: nothing belongs there.

    :raises ContentShareError: when the share is not mounted; nothing is touched for that.
    """
    settings = context.current().settings
    mount = settings.content_mount
    if not settings.is_test and os.path.commonpath([mount, os.path.abspath(path)]) == mount:
        share.find_mount(mount, settings.mount_types)


def _enough(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return state.attempt_number >= (TRIES_OF_WRONG_BYTES if bytes_are_wrong(error) else TRIES)


def _patience_seconds() -> int:
    return context.current().settings.import_patience


def _say_that_it_waits(job: Any, give_up: Callable[[], None], error: ContentShareError) -> None:
    give_up()
    task_notes.say(job, f"waiting. {error.failed}")


def _sleep(give_up: Callable[[], None], seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        give_up()
        time.sleep(min(left, GLANCE))
