"""Makes available the content that stands on the share before the deployment's first start."""

from __future__ import annotations

import logging

from django.core.management import call_command
from kolibri.core.content.models import ChannelMetadata
from kolibri.core.content.utils import annotation
from kolibri.core.content.utils.channels import get_channel_ids_for_content_dirs
from kolibri.core.content.utils.paths import get_all_content_dir_paths

from kolibri_azure_plugin.content.first_content.records import Records
from kolibri_azure_plugin.database.state import State

logger = logging.getLogger(__name__)


def make_available(records: Records, state: State) -> None:
    """Import the channels whose databases are on the share, once, with the files that are there.

    Nothing is fetched. If the library is not empty at the first start, someone has chosen what is
    in it, and this does nothing.
    """
    if records.found is None:
        records.found = [] if ChannelMetadata.objects.exists() else sorted(_on_share())
        records.write(state)
    if records.available:
        return
    if records.found:
        _scan(records.found)
    records.available = True
    records.write(state)


def _on_share() -> list[str]:
    ids: list[str] = get_channel_ids_for_content_dirs(get_all_content_dir_paths())
    return ids


def _scan(found: list[str]) -> None:
    """As Kolibri's command, which would look for every file once per channel."""
    call_command(
        "scanforcontent", channels=found, channel_import_mode="missing", skip_annotations=True
    )
    annotation.set_local_file_availability_from_disk()
    for channel_id in found:
        channel = ChannelMetadata.objects.filter(id=channel_id).first()
        if channel is None:
            logger.warning(
                "The database of channel %s on the share can't be read. If Kolibri's content "
                "server has the channel, run: kolibri manage importchannel network %s",
                channel_id,
                channel_id,
            )
            continue
        annotation.update_content_metadata(channel_id)
        channel.refresh_from_db()
        logger.info(
            "Channel %s (%s) stood on the share, and is available now: %d resources.",
            channel.name,
            channel_id,
            channel.total_resource_count or 0,
        )
