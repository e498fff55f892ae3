"""Device settings that several instances change at once."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.core.device.models",
        "DeviceSettings.from_db",
        Kind.SAFETY,
        known=("21b4e2ac538da4eb",),
        wrapper="kolibri_azure_plugin.speed.device_settings:remember_read_values",
        reason="No signal provides the values that a cached model had when it was read.",
        evidence="A rename on one instance and a change on another reverted each other.",
        without="Changes of the device settings on one instance revert those of another.",
        postgresql_only=True,
        needs=("kolibri.core.device.models.DeviceSettings.save",),
    ),
    Patch(
        "kolibri.core.device.models",
        "DeviceSettings.save",
        Kind.SAFETY,
        known=("847a7c5f0181d88f",),
        wrapper="kolibri_azure_plugin.speed.device_settings:save_changes_only",
        reason="Kolibri saves all device settings at once, from a cached copy. A signal before the "
        "save could not lock the row until the save ends.",
        evidence="A rename on one instance and a change on another reverted each other.",
        without="Changes of the device settings on one instance revert those of another.",
        postgresql_only=True,
        needs=("kolibri.core.device.models.DeviceSettings.from_db",),
    ),
)
