"""Every patch, in tables by subject.

They name wrappers as text, so the doctor and the documentation can read them without Django.
"""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.tables import (
    channel_files,
    channel_import,
    channel_locks,
    coaching,
    device_settings,
    facility_data,
    http,
    lessons,
    notifications,
    progress,
    requests,
    share_outages,
    startup,
    sync,
    workers,
)

#: In the order in which a start applies them. Of two patches of one function, the first is the
#: inner one: a channel's database is restored before the channel's lock is released, and retries
#: for an unavailable share wrap both.
AREAS = (
    startup,
    workers,
    device_settings,
    notifications,
    requests,
    lessons,
    coaching,
    progress,
    sync,
    http,
    channel_files,
    channel_import,
    channel_locks,
    share_outages,
    facility_data,
)

PATCHES = tuple(patch for area in AREAS for patch in area.PATCHES)
