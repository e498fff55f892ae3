"""What does not fit PostgreSQL's columns, from where nobody could correct it."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "morango.models.core",
        "SyncableModel.deserialize",
        Kind.SAFETY,
        known=("ae32f3b1f6a9a685",),
        wrapper="kolibri_azure_plugin.fitting.synced:fit_synced_records",
        reason="Morango checks each record against PostgreSQL's limits right after it has made it, "
        "and leaves out what does not fit; its signals are off meanwhile.",
        answers="A learner whose name came from SQLite with 121 characters was left out of a sync, "
        "with all her work.",
        without="Records of a sync with a text or a number that does not fit are left out.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.logger.api",
        "InteractionSerializer.validate",
        Kind.SAFETY,
        known=("e3c3c715e5036f00",),
        wrapper="kolibri_azure_plugin.fitting.answers:fit_answers",
        reason="The view looks for earlier answers to a question by its name, and makes new ones, "
        "before the database sees either.",
        answers="An answer of more than 200 characters was answered 500, and lost.",
        without="Answers of more than 200 characters are refused, and lost.",
        postgresql_only=True,
    ),
)
