"""Migrations that are done and recorded, or not begun."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

WRAPPER = "kolibri_azure_plugin.migrating.whole:record_with_the_schema"
REASON = (
    "The executor is made inside Django's command, which has no hook around a single migration."
)

PATCHES = (
    Patch(
        "django.db.migrations.executor",
        "MigrationExecutor.apply_migration",
        Kind.SAFETY,
        known=("6319ad47481d7ed9",),
        wrapper=WRAPPER,
        reason=REASON,
        answers="Killed while Morango's tables were made, 3 of 3 databases were beyond every "
        "later start: relation already exists.",
        without="A start that is killed while it migrates may leave a database that no later "
        "start can use.",
        postgresql_only=True,
    ),
    Patch(
        "django.db.migrations.executor",
        "MigrationExecutor.unapply_migration",
        Kind.SAFETY,
        known=("4a61223e07b0b903",),
        wrapper=WRAPPER,
        reason=REASON,
        answers="Of a squashed migration that was undone, the record was removed row by row.",
        without="A migration that is killed while it is undone may leave a database that no later "
        "start can use.",
        postgresql_only=True,
    ),
)
