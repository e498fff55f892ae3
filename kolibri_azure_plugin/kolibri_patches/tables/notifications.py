"""Coaches' notifications about learners' work."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

#: Kolibri's functions that cache lookups for the lifetime of the process.
MEMOIZED = {
    "get_assignments": "a6bbcb7e50228823",
    "_get_coach_lesson_dict": "f2d5aa1a56a1f4d4",
    "exist_exam_notification": "e37d44a2069f71c7",
    "exist_examattempt_notification": "9ede338c04218312",
    "exist_exam_completed_notification": "6095d69318bfd35f",
}

PATCHES = (
    Patch(
        # The calling module, which may have imported the function before the patch is applied.
        "kolibri.core.logger.api",
        "wrap_to_save_queue",
        Kind.SAFETY,
        known=("6ff1dbb8389d652a",),
        wrapper="kolibri_azure_plugin.facility_data.notifications.queueing:queue_in_transaction",
        reason="The views call it for each notification. No hook or setting replaces its list with "
        "another queue.",
        evidence="The coach was never notified of the work of 7 of 10 learners while the database "
        "was down for 40 s, nor of the work of 2 of 2 learners just before an orderly stop.",
        without="Coaches never see what learners did shortly before a stop, a kill or an outage.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.notifications.kolibri_plugin",
        "NotificationsSyncHook.post_transfer",
        Kind.SAFETY,
        known=("e76adeb8589aed00",),
        wrapper="kolibri_azure_plugin.facility_data.notifications.transfers:defer_to_outbox",
        reason="No hook can remove another hook from Kolibri's list.",
        evidence="An instance killed at the end of a push never created its notifications.",
        without="Coaches may never see the results of a sync, and the last request of a large sync "
        "takes longer than App Service allows.",
        postgresql_only=True,
    ),
    *(
        Patch(
            "kolibri.core.notifications.api",
            name,
            Kind.CORRECTNESS,
            known=(digest,),
            wrapper="kolibri_azure_plugin.facility_data.notifications.batch_cache:cache_within_batch",
            reason="A decorator encloses the cache, so nothing outside can clear it safely.",
            evidence="The notification Started was missing for a lesson that was assigned later.",
            without="Coaches miss notifications for lessons that were changed or assigned after a "
            "start, and each process uses more and more memory.",
            postgresql_only=True,
        )
        for name, digest in MEMOIZED.items()
    ),
)
