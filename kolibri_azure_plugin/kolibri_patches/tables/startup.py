"""The start, upgrade and setup of an instance."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.utils.main",
        "update",
        Kind.SAFETY,
        known=("2a1b1f054158ea37",),
        wrapper="kolibri_azure_plugin.instances.upgrades:skip_file_based_update",
        reason="Kolibri compares its version with the one in KOLIBRI_HOME before any plugin runs. "
        "A new container has no such file, but the database may need an upgrade.",
        evidence="After an update of the image, none of 7 upgrade functions ran.",
        without="Upgrades of the database are skipped, or done by several instances at once.",
        postgresql_only=True,
        needs=("kolibri.utils.main.run_plugin_updates",),
    ),
    Patch(
        "kolibri.utils.main",
        "run_plugin_updates",
        Kind.SAFETY,
        known=("7230482a70b8fbc3",),
        wrapper="kolibri_azure_plugin.instances.upgrades:upgrade_by_database_state",
        reason="It is the first function after `update` that Kolibri always calls. Here the plugin "
        "upgrades Kolibri and its plugins if the state of the database requires it.",
        evidence="After an update of the image, none of 7 upgrade functions ran.",
        without="Upgrades of the database are skipped, or done by several instances at once.",
        postgresql_only=True,
        needs=("kolibri.utils.main.update",),
    ),
    Patch(
        "kolibri.utils.main",
        "provision_from_file",
        Kind.CORRECTNESS,
        known=("691850378e819971",),
        wrapper="kolibri_azure_plugin.provisioning.provision:provision_once",
        reason="An instance calls it if it finds no facility when it starts.",
        evidence="Two instances that started at once created two facilities.",
        without="Instances that start at once may each create a facility from the file.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.main",
        "_migrate_databases",
        Kind.CORRECTNESS,
        known=("e5728417f2fcc5ce",),
        wrapper="kolibri_azure_plugin.logs.printed_output:log_printed_output",
        reason="It always prints to stdout.",
        evidence="It printed two hundred lines that were not log events.",
        without="Migrations write lines to stdout that are not in the log's format.",
    ),
    Patch(
        "kolibri.utils.main",
        "_upgrades_after_django_setup",
        Kind.SAFETY,
        known=("539acb732f9e083e",),
        wrapper="kolibri_azure_plugin.provisioning.provision:provision_before_serving",
        reason="It is the last step of each start, after migrations and upgrades, and before "
        "Kolibri serves requests. In this step, Kolibri provisions from a file.",
        evidence="Kolibri serves a setup wizard to the first visitor.",
        without="A fresh deployment serves requests before it is set up, and any visitor may claim "
        "it.",
    ),
)
