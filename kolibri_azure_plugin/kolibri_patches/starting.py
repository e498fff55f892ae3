"""How an instance starts, migrates, upgrades and is set up."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

PATCHES = (
    Patch(
        "kolibri.utils.main",
        "update",
        Kind.SAFETY,
        known=("2a1b1f054158ea37",),
        wrapper="kolibri_azure_plugin.instances.upgrades:leave_to_the_database",
        reason="Kolibri has compared its version with the one in KOLIBRI_HOME before any plugin "
        "runs. There is no such file in a new container, and the database may need an upgrade.",
        answers="After an update of the image none of 7 upgrade functions ran.",
        without="Upgrades of the database are left out, or done by several instances at once.",
        postgresql_only=True,
        needs=("kolibri.utils.main.run_plugin_updates",),
    ),
    Patch(
        "kolibri.utils.main",
        "run_plugin_updates",
        Kind.SAFETY,
        known=("7230482a70b8fbc3",),
        wrapper="kolibri_azure_plugin.instances.upgrades:decide_by_the_database",
        reason="The first function after that which Kolibri calls whatever it found: here the "
        "upgrade of Kolibri and of its plugins is decided by what the database says.",
        answers="After an update of the image none of 7 upgrade functions ran.",
        without="Upgrades of the database are left out, or done by several instances at once.",
        postgresql_only=True,
        needs=("kolibri.utils.main.update",),
    ),
    Patch(
        "kolibri.utils.main",
        "provision_from_file",
        Kind.CORRECTNESS,
        known=("691850378e819971",),
        wrapper="kolibri_azure_plugin.provisioning.provision:provision_once",
        reason="Every instance that finds no facility when it starts calls it.",
        answers="Two instances that started at once made two facilities.",
        without="Instances that start at once may each make a facility from the file.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.main",
        "_migrate_databases",
        Kind.CORRECTNESS,
        known=("e5728417f2fcc5ce",),
        wrapper="kolibri_azure_plugin.logs.printed:log_what_is_printed",
        reason="It prints, and can't be told not to.",
        answers="Two hundred lines that were no events of the log.",
        without="Migrations write lines to stdout that are not in the format of the log.",
    ),
    Patch(
        "kolibri.utils.main",
        "_migrate_databases",
        Kind.CORRECTNESS,
        known=("e5728417f2fcc5ce",),
        wrapper="kolibri_azure_plugin.provisioning.provision:refuse_before_migrations",
        reason="Kolibri has no hook before its migrations.",
        answers="A deployment without the password of its administrator migrated for a minute "
        "before it refused to start.",
        without="A deployment that lacks what it is to be set up with refuses to start only after "
        "its migrations.",
    ),
    Patch(
        "kolibri.utils.main",
        "_upgrades_after_django_setup",
        Kind.SAFETY,
        known=("539acb732f9e083e",),
        wrapper="kolibri_azure_plugin.provisioning.provision:provision_before_serving",
        reason="The last step of each start, where Kolibri provisions from a file: after "
        "migrations and upgrades, before anything is served.",
        answers="Kolibri serves a setup wizard to whoever comes first.",
        without="A fresh deployment serves before it is set up, and somebody else may claim it.",
    ),
)
