"""Imports channels by Kolibri's own task, and follows it."""

from __future__ import annotations

import logging
import time

from kolibri.core.content.models import ChannelMetadata
from kolibri.core.content.tasks import remoteimport
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
    logger.info("Importing channel %s (%s).", channel.name, channel_id)


def follow(channel_id: str, channel: Channel, *, retry: bool) -> ChannelError | None:
    """Update the record of a channel that is being imported.

    :param retry: begin a failed import again now. Otherwise, it is begun after a pause.
    :returns: why it failed.
    """
    task = _task(channel_id)
    if task is None or task.state in (State.COMPLETED, State.CANCELED):
        _conclude(channel_id, channel, completed=task is not None and task.state == State.COMPLETED)
        return None
    if task.state != State.FAILED:
        channel.failed_at = 0.0
        return None
    channel.failed_at = channel.failed_at or time.time()
    if retry or time.time() - channel.failed_at >= PAUSE:
        channel.failed_at = 0.0
        job_storage.restart_job(task.job_id)
        return None
    return problems.failed(channel.name, task.exception or "", task.traceback or "")


def bytes_left(channel_id: str, channel: Channel) -> int:
    """What an unfinished import may still need of the share."""
    task = _task(channel_id)
    return int(channel.size * (1.0 - (task.percentage_progress if task else 0.0)))


def _conclude(channel_id: str, channel: Channel, *, completed: bool) -> None:
    """A task that is gone was cancelled while it waited, or removed from the list after its end."""
    if completed or is_in_library(channel_id):
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
