"""Imports channels by Kolibri's own task, and follows it."""

from __future__ import annotations

import logging
import time

from kolibri.core.content.models import ChannelMetadata, ContentNode
from kolibri.core.content.tasks import remoteimport
from kolibri.core.content.utils.content_types_tools import renderable_contentnodes_q_filter
from kolibri.core.tasks.exceptions import JobNotFound
from kolibri.core.tasks.job import Job, State
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.content.first_content import problems
from kolibri_azure_plugin.content.first_content.content_server import address
from kolibri_azure_plugin.content.first_content.records import (
    LEFT_OUT,
    PAUSE,
    THERE,
    Channel,
    job_of,
)
from kolibri_azure_plugin.errors import ChannelError

logger = logging.getLogger(__name__)


def is_in_library(channel_id: str) -> bool:
    """True if at least one of the channel's resources is available."""
    return bool(ChannelMetadata.objects.filter(id=channel_id, root__available=True).exists())


def begin(channel_id: str, channel: Channel) -> None:
    """Enqueue the task, with the arguments that Kolibri's page gives it for a whole channel.

    Kolibri's validator adds nothing to them. It refuses every import where Zeroconf is off, in
    Kolibri 0.19.4.
    """
    if _task(channel_id) is not None:
        # This process was killed before it could record that.
        return
    _enqueue(channel_id, channel)
    logger.info("Importing channel %s (%s).", channel.name, channel_id)


def _enqueue(channel_id: str, channel: Channel) -> None:
    """Kolibri replaces an ended task that has the same id."""
    arguments = {
        "baseurl": address(),
        "peer_id": None,
        "node_ids": None,
        "exclude_node_ids": None,
        "update": False,
        "renderable_only": True,
        "fail_on_error": False,
        "all_thumbnails": False,
    }
    if channel.token:
        arguments["token"] = channel.token
    shown = {"channel_name": channel.name, "channel_id": channel_id, "peer_id": None}
    remoteimport.enqueue(
        job_id=job_of(channel_id), args=[channel_id], kwargs=arguments, extra_metadata=shown
    )


def follow(channel_id: str, channel: Channel, *, retry: bool) -> ChannelError | None:
    """Update the record of a channel that is being imported.

    :param retry: begin a failed import again now. Otherwise, it is begun after a pause.
    :returns: why it failed.
    """
    task = _task(channel_id)
    if task is None or task.state == State.CANCELED:
        _conclude_without_task(channel_id, channel)
        return None
    error = _error_of(task, channel_id, channel)
    if error is None:
        channel.failed_at = 0.0
        if task.state == State.COMPLETED:
            _conclude(channel_id, channel)
        return None
    channel.failed_at = channel.failed_at or time.time()
    if retry or time.time() - channel.failed_at >= PAUSE:
        channel.failed_at = 0.0
        _enqueue(channel_id, channel)
        return None
    return error


def _error_of(task: Job, channel_id: str, channel: Channel) -> ChannelError | None:
    """Why a task has failed; None if it has not.

    Kolibri skips files that the content server does not have, and completes the task even if it had
    none. A channel that is not listed has been deleted since.
    """
    if task.state == State.FAILED:
        return problems.failed(channel.name, task.exception or "", task.traceback or "")
    is_listed = ChannelMetadata.objects.filter(id=channel_id).exists()
    if task.state == State.COMPLETED and is_listed and not is_in_library(channel_id):
        return problems.empty(channel.name)
    return None


def bytes_left(channel_id: str, channel: Channel) -> int:
    """What an unfinished import may still need of the share."""
    task = _task(channel_id)
    return int(channel.size * (1.0 - (task.percentage_progress if task else 0.0)))


def _conclude(channel_id: str, channel: Channel) -> None:
    channel.state = THERE
    missing = _resources_without_files(channel_id)
    if missing:
        logger.warning(
            "Channel %s (%s) is imported without %d of its resources, because the content server "
            "lacks some of their files. To try again, choose them in Kolibri, at Device, Channels.",
            channel.name,
            channel_id,
            missing,
        )
        return
    logger.info("Channel %s (%s) is imported.", channel.name, channel_id)


def _resources_without_files(channel_id: str) -> int:
    """The resources that the task wanted and did not get: Kolibri could show them."""
    resources = ContentNode.objects.filter(channel_id=channel_id).exclude(kind="topic")
    missing = resources.filter(renderable_contentnodes_q_filter, available=False)
    return int(missing.distinct().count())


def _conclude_without_task(channel_id: str, channel: Channel) -> None:
    """A task that is gone was cancelled while it waited, or removed from the list after its end."""
    if is_in_library(channel_id):
        channel.state = THERE
        logger.info("Channel %s (%s) is imported.", channel.name, channel_id)
        return
    channel.state = LEFT_OUT
    logger.info(
        "Channel %s (%s) is left out, because its task was cancelled or removed. To import it "
        "after all, choose it in Kolibri, at Device, Channels.",
        channel.name,
        channel_id,
    )


def _task(channel_id: str) -> Job | None:
    try:
        return job_storage.get_job(job_of(channel_id))
    except JobNotFound:
        return None
