"""Removes what imports and exports leave on the shares: replaced and unfinished files.

A share may hang any process that touches it. So a separate process does the work, with a deadline.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from kolibri.core.content.models import ChannelMetadata
from kolibri.utils import conf

from kolibri_azure_plugin.content import leftovers_process, probe
from kolibri_azure_plugin.content.channels.channel_locks import try_channel_lock
from kolibri_azure_plugin.content.channels.database_files import channel_of
from kolibri_azure_plugin.content.replacing import REMOVED, SET_ASIDE
from kolibri_azure_plugin.content.share import share_errors
from kolibri_azure_plugin.housekeeping.periods import Periods

#: Folders to look into, relative to the content folder and the media folder.
CONTENT = ["databases", "storage/*/*"]
MEDIA = ["log_export"]

#: Unfinished transfers, files that were open when they were removed, and the databases in which
#: Kolibri compares two versions of a channel.
UNFINISHED = (
    rf".+\.transfer|{REMOVED.pattern}|"
    r"[0-9a-f]{32}-(?:upgrade|annotated)\.sqlite3(?:-journal)?"
)

#: Seconds after which a sweep stops, and after which it counts as hung.
SWEEP = 40.0
SWEEP_TIMEOUT = 60.0


def remove_leftovers(periods: Periods) -> int:
    """Remove abandoned files; returns how many.

    A database that was set aside stays while its channel is locked. It is moved back if a process
    was killed before the new database was there.

    :raises ContentShareError: when a share does not answer.
    """
    content = conf.OPTIONS["Paths"]["CONTENT_DIR"]
    swept = _sweep(content, CONTENT, periods)
    removed = int(swept["removed"])
    for name, set_aside in swept["databases"].items():
        removed += _settle(content, name, set_aside)
    return removed + int(_sweep(settings.MEDIA_ROOT, MEDIA, periods)["removed"])


def _settle(content: str, name: str, set_aside: list[str]) -> int:
    channel = channel_of(os.path.join("databases", name))
    if channel is None:
        return 0
    with try_channel_lock(channel) as acquired:
        if not acquired:
            # The process that has the lock may move it back.
            return 0
        wanted = ChannelMetadata.objects.filter(id=channel).exists()
        arguments = {"name": name, "set_aside": set_aside, "wanted": wanted}
        return int(_run_action("settle", content, arguments)["removed"])


def _sweep(folder: str, folders: list[str], periods: Periods) -> dict[str, Any]:
    arguments = {
        "folders": folders,
        "set_aside": SET_ASIDE.pattern,
        "unfinished": UNFINISHED,
        "hours": periods.unfinished_file.total_seconds() / 3600,
        "seconds": SWEEP,
    }
    return _run_action("sweep", folder, arguments)


def _run_action(action: str, folder: str, arguments: dict[str, Any]) -> dict[str, Any]:
    with share_errors(folder):
        return probe.run_program(
            leftovers_process.PROGRAM, action, folder, arguments, SWEEP_TIMEOUT
        )
