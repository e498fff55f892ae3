"""Syncs with schools and tablets."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

SYNC_EXTRAS = "kolibri_sync_extras_plugin"

PATCHES = (
    Patch(
        f"{SYNC_EXTRAS}.sync.operations",
        "BackgroundJobOperation.should_handle",
        Kind.CORRECTNESS,
        known=("d7186ff3bdd2a632",),
        wrapper="kolibri_azure_plugin.facility_data.syncing.operations:handle_only_waiting_peers",
        reason="Its hook adds operations that no other hook can remove.",
        evidence="With one worker for such jobs, an import of a facility waited for another job "
        "forever.",
        without="Several imports of facilities at once can block all background work.",
        plugin=SYNC_EXTRAS,
    ),
    Patch(
        f"{SYNC_EXTRAS}.sync.operations",
        "BackgroundJobOperation._get_or_queue_job",
        Kind.CORRECTNESS,
        known=("5c69017a033dd149",),
        wrapper="kolibri_azure_plugin.facility_data.syncing.operations:report_job_state",
        reason="It queues the job during the request in which morango calls it, and its hook has "
        "no later step.",
        evidence="Every pull that began with a job failed, because the job has no request.",
        without="Pulls fail, and syncs of schools may wait forever.",
        plugin=SYNC_EXTRAS,
        # Otherwise it would be called without a request.
        needs=(f"{SYNC_EXTRAS}.sync.operations.BackgroundJobOperation.should_handle",),
    ),
    Patch(
        "morango.models.core",
        "DatabaseMaxCounter.update_fsics",
        Kind.CORRECTNESS,
        known=("a4586f547a91e298",),
        wrapper="kolibri_azure_plugin.facility_data.syncing.counters:never_decrease_counters",
        reason="It reads and writes within one transaction of a sync, and calls nothing else.",
        evidence="In ten rounds with three schools at once, two schools lacked the data that the "
        "third had sent in the last two rounds.",
        without="Data from one school may not reach another until it syncs again.",
    ),
    Patch(
        "morango.models.core",
        "SyncableModel.deserialize",
        Kind.SAFETY,
        known=("ae32f3b1f6a9a685",),
        wrapper="kolibri_azure_plugin.database.coercion.synced:coerce_synced_records",
        reason="Morango checks each record against PostgreSQL's limits right after creating it, "
        "and skips records that do not fit. Its signals are off meanwhile.",
        evidence="A sync skipped a learner whose name had 121 characters in the school's SQLite "
        "database, and all of her work. It skipped each quiz that a school had made before it "
        "upgraded Kolibri from 0.15 to 0.19.5.",
        without="Syncs skip records with a text or a number that does not fit, and old quizzes.",
        postgresql_only=True,
    ),
)
