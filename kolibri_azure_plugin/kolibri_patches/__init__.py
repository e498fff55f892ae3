"""Everything that the plugin changes in Kolibri's own code, and why.

Each patch wraps one function of Kolibri where it has no hook. The tables name wrappers as text, so
that the doctor and the documentation can read them without loading Django.
"""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches import (
    accounts,
    channels,
    exports,
    fitting,
    migrating,
    notifications,
    outages,
    replacing,
    shared_state,
    speed,
    starting,
    syncing,
    web,
    workers,
)

#: One module for each, in the order in which a start applies them: the first is the innermost. A
#: channel's database is put back before others have their turn at the channel.
AREAS = (
    starting,
    migrating,
    workers,
    shared_state,
    notifications,
    speed,
    syncing,
    web,
    exports,
    replacing,
    channels,
    outages,
    accounts,
    fitting,
)

PATCHES = tuple(patch for area in AREAS for patch in area.PATCHES)
