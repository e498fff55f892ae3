"""The background workers, and the scheduling of regular jobs."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.utils.server",
        "ServicesPlugin.START",
        Kind.SAFETY,
        known=("7ae787a7efc488ab",),
        wrapper="kolibri_azure_plugin.instances.worker_supervisor:start_child_processes",
        reason="A hook adds processes to `kolibri start`, but not to `kolibri services`, and no "
        "hook keeps Kolibri's own workers from starting.",
        evidence="Workers of several instances requeued and cancelled each other's jobs.",
        without="Jobs of one instance are cancelled, or run twice, when another starts or stops.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.server",
        "DefaultScheduledTasksPlugin.START",
        Kind.CORRECTNESS,
        known=("5c3f0c4ed4b8cdfe",),
        wrapper="kolibri_azure_plugin.instances.worker_supervisor:skip_task_scheduling",
        reason="It runs in every instance that starts, and no hook prevents that.",
        evidence="A regular job that was scheduled again just after a worker had picked it up ran "
        "twice.",
        without="Kolibri's regular jobs may run twice when an instance starts.",
        postgresql_only=True,
        # Otherwise no process would schedule them.
        needs=("kolibri.utils.server.ServicesPlugin.START",),
    ),
    Patch(
        "kolibri.core.tasks.storage",
        "Storage.schedule",
        Kind.CORRECTNESS,
        known=("83ffb5f4cc88f9c0",),
        wrapper="kolibri_azure_plugin.instances.scheduling:schedule_again_if_just_made",
        reason="Tasks and jobs call it as a method of Kolibri's one job storage.",
        evidence="Of the first exports of several facilities at once, one failed, because each "
        "schedules the same job that removes old exports.",
        without="One of two jobs fails if both schedule the same third one at the same moment.",
        postgresql_only=True,
    ),
)
