"""Who runs the background workers, and who schedules the regular jobs."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.utils.server",
        "ServicesPlugin.START",
        Kind.SAFETY,
        known=("7ae787a7efc488ab",),
        wrapper="kolibri_azure_plugin.instances.worker_process:start_process",
        reason="There is a hook for what else `kolibri start` runs, but `kolibri services` does "
        "not ask it, and none that keeps Kolibri's own workers from starting.",
        answers="Workers of several instances requeued and cancelled each other's jobs.",
        without="Jobs of one instance are cancelled, or run twice, when another starts or stops.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.server",
        "DefaultScheduledTasksPlugin.START",
        Kind.CORRECTNESS,
        known=("5c3f0c4ed4b8cdfe",),
        wrapper="kolibri_azure_plugin.instances.worker_process:leave_to_the_holder",
        reason="It runs in every instance that starts, and no hook keeps it from that.",
        answers="A regular job that was scheduled again when it had just been picked ran twice.",
        without="Kolibri's regular jobs may run twice when an instance starts.",
        postgresql_only=True,
        # Else nobody would schedule them.
        needs=("kolibri.utils.server.ServicesPlugin.START",),
    ),
)
