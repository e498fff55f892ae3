"""What tells coaches of learners' work."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

#: Kolibri's functions that remember what they looked up for the life of the process.
MEMOIZED = {
    "get_assignments": "a6bbcb7e50228823",
    "_get_coach_lesson_dict": "f2d5aa1a56a1f4d4",
    "exist_exam_notification": "e37d44a2069f71c7",
    "exist_examattempt_notification": "9ede338c04218312",
    "exist_exam_completed_notification": "6095d69318bfd35f",
}

PATCHES = (
    Patch(
        # Where it is called, which may have been imported before this is put into its place.
        "kolibri.core.logger.api",
        "wrap_to_save_queue",
        Kind.SAFETY,
        known=("6ff1dbb8389d652a",),
        wrapper="kolibri_azure_plugin.notifications.queueing:keep_with_the_work",
        reason="The views call it for each notification. No hook and no setting puts another "
        "queue in the place of its list.",
        answers="Of 10 learners who worked while the database was away for 40 s, the coach never "
        "saw 7; of 2 before an orderly stop, none.",
        without="What learners did shortly before a stop, a kill or an outage is never shown to "
        "their coaches.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.notifications.kolibri_plugin",
        "NotificationsSyncHook.post_transfer",
        Kind.SAFETY,
        known=("e76adeb8589aed00",),
        wrapper="kolibri_azure_plugin.notifications.synced:leave_to_the_table",
        reason="A registered hook can't be taken out of Kolibri's list by another.",
        answers="An instance that was killed at the end of a push never made its notifications.",
        without="What a sync brought may never be shown to coaches, and the last request of a "
        "large sync takes longer than App Service allows.",
        postgresql_only=True,
    ),
    *(
        Patch(
            "kolibri.core.notifications.api",
            name,
            Kind.CORRECTNESS,
            known=(digest,),
            wrapper="kolibri_azure_plugin.notifications.remembered:remember_within_a_batch",
            reason="The memory is closed in by a decorator; nothing outside can empty it safely.",
            answers="A lesson that was assigned later was not seen: its Started was missing.",
            without="Coaches miss notifications of lessons that were changed or assigned after a "
            "start, and each process grows.",
            postgresql_only=True,
        )
        for name, digest in MEMOIZED.items()
    ),
)
