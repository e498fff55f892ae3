"""Stages of a sync that jobs do, by kolibri-sync-extras-plugin; and what a sync makes known."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

SYNC_EXTRAS = "kolibri_sync_extras_plugin"

PATCHES = (
    Patch(
        f"{SYNC_EXTRAS}.sync.operations",
        "BackgroundJobOperation.should_handle",
        Kind.CORRECTNESS,
        known=("d7186ff3bdd2a632",),
        wrapper="kolibri_azure_plugin.syncing.operations:only_for_peers_that_wait",
        reason="Its hook hands out operations that no other hook can take back.",
        answers="With one worker for such jobs, an import of a facility waited for another job "
        "without end.",
        without="Several imports of facilities at once can block all background work.",
        plugin=SYNC_EXTRAS,
    ),
    Patch(
        f"{SYNC_EXTRAS}.sync.operations",
        "BackgroundJobOperation._get_or_queue_job",
        Kind.CORRECTNESS,
        known=("5c69017a033dd149",),
        wrapper="kolibri_azure_plugin.syncing.operations:only_ask_for_the_job",
        reason="It queues the job while the request goes on that morango calls it in, and there is "
        "no later place in its hook.",
        answers="Every pull whose beginning was a job failed, as the job had no request to ask.",
        without="Pulls fail, and syncs of schools may wait without end.",
        plugin=SYNC_EXTRAS,
        # Else it would be asked where there is no request.
        needs=(f"{SYNC_EXTRAS}.sync.operations.BackgroundJobOperation.should_handle",),
    ),
    Patch(
        "morango.models.core",
        "DatabaseMaxCounter.update_fsics",
        Kind.CORRECTNESS,
        known=("a4586f547a91e298",),
        wrapper="kolibri_azure_plugin.syncing.counters:never_lower",
        reason="It reads and writes within one transaction of a sync, and calls nothing else.",
        answers="Of ten rounds with three schools at once, two schools lacked what the third had "
        "sent in the last two.",
        without="What one school has sent may not reach another until it syncs again.",
    ),
)
