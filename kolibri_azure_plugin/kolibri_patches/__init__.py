"""Everything that the plugin changes in Kolibri's own code, and why.

Each patch wraps one function of Kolibri where it has no hook. The tables name wrappers as text, so
that the doctor and the documentation can read them without loading Django.
"""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches import (
    exports,
    migrating,
    notifications,
    shared_state,
    speed,
    starting,
    syncing,
    web,
    workers,
)

PATCHES = (
    *starting.PATCHES,
    *migrating.PATCHES,
    *workers.PATCHES,
    *shared_state.PATCHES,
    *notifications.PATCHES,
    *speed.PATCHES,
    *syncing.PATCHES,
    *web.PATCHES,
    *exports.PATCHES,
)
