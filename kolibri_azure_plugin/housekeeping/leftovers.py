"""What imports and exports leave on the shares: files that were replaced, and unfinished ones.

A share may hang whoever touches it, so that a process of its own does all of this, and is given up.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from kolibri.core.content.models import ChannelMetadata
from kolibri.utils import conf

from kolibri_azure_plugin.channels.database_files import channel_of
from kolibri_azure_plugin.channels.taking_turns import turn_if_free
from kolibri_azure_plugin.content import leftovers_process, probe
from kolibri_azure_plugin.content.replacing import REMOVED, SET_ASIDE
from kolibri_azure_plugin.content.share import share_errors
from kolibri_azure_plugin.housekeeping.periods import Periods

#: Below the content folder and the media folder.
CONTENT = ["databases", "storage/*/*"]
MEDIA = ["log_export"]

#: Files on their way, those that were removed while somebody read them, and the databases in which
#: Kolibri compares two versions of a channel.
UNFINISHED = (
    rf".+\.transfer|{REMOVED.pattern}|"
    r"[0-9a-f]{32}-(?:upgrade|annotated)\.sqlite3(?:-journal)?"
)

#: Seconds that a sweep takes at most, and those after which it counts as hung.
SWEEP = 40.0
GIVEN_UP = 60.0


def remove_leftovers(periods: Periods) -> int:
    """Remove what nobody writes or needs any more; returns how many files.

    A database that was set aside stays while somebody is at its channel, and takes its place again
    where a process was killed before the new one was there.

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
    with turn_if_free(channel) as ours:
        if not ours:
            # Whoever is at the channel may want it back.
            return 0
        wanted = ChannelMetadata.objects.filter(id=channel).exists()
        arguments = {"name": name, "set_aside": set_aside, "wanted": wanted}
        return int(_have("settle", content, arguments)["removed"])


def _sweep(folder: str, folders: list[str], periods: Periods) -> dict[str, Any]:
    arguments = {
        "folders": folders,
        "set_aside": SET_ASIDE.pattern,
        "unfinished": UNFINISHED,
        "hours": periods.unfinished_file.total_seconds() / 3600,
        "seconds": SWEEP,
    }
    return _have("sweep", folder, arguments)


def _have(action: str, folder: str, arguments: dict[str, Any]) -> dict[str, Any]:
    with share_errors(folder):
        return probe.errand(leftovers_process.PROGRAM, action, folder, arguments, GIVEN_UP)
