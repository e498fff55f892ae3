"""Locks that serialize the changes of a channel."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

IMPORT = "kolibri.core.content.utils.channel_import"
RESOURCES = "kolibri.core.content.utils.resource_import"

TURNS = "Jobs of two instances are independent, and Kolibri has no lock for a channel."
AT_ONCE = (
    "When two administrators imported the same channel at once, one task failed: UniqueViolation."
)
IN_PARTS = (
    "Administrators who import, update or delete the same channel at once see failed tasks, or a "
    "channel whose file is part old and part new."
)


def _locked(module: str, name: str, digest: str, wrapper: str, evidence: str = AT_ONCE) -> Patch:
    return Patch(
        module,
        name,
        Kind.SAFETY,
        known=(digest,),
        wrapper=f"kolibri_azure_plugin.content.channels.channel_locks:{wrapper}",
        reason=TURNS,
        evidence=evidence,
        without=IN_PARTS,
        postgresql_only=True,
    )


PATCHES = (
    _locked(IMPORT, "ChannelImport.run_and_annotate", "0f750d5a1f1f6547", "lock_channel_import"),
    _locked(RESOURCES, "ResourceImportManagerBase.run", "d7fec78be1efa193", "lock_resource_import"),
    _locked(
        "kolibri.core.content.utils.channel_transfer",
        "start_file_transfer",
        "3edd9c1171542b0f",
        "lock_channel_transfer",
    ),
    Patch(
        "kolibri.core.utils.lock",
        "PostgresLock.execute",
        Kind.CORRECTNESS,
        known=("af52b40a1fd5d089",),
        wrapper="kolibri_azure_plugin.content.channels.channel_locks:use_content_lock",
        reason="Kolibri's lock and Morango's have the same number, hard-coded in both.",
        evidence="An import of a channel waited for all active syncs to end, and kept other syncs "
        "from beginning meanwhile.",
        without="Deleting content waits for syncs, but not for imports of other channels.",
        postgresql_only=True,
    ),
    *(
        _locked(
            module,
            "delete_content",
            "d5190804787ac76d",
            "with_channel_lock",
            evidence="A deletion during an import of the same channel failed, or deleted the "
            "database file that had just arrived.",
        )
        # The tasks module imports the function before any plugin's app is ready.
        for module in ("kolibri.core.content.utils.content_delete", "kolibri.core.content.tasks")
    ),
    Patch(
        "kolibri.core.content.tasks",
        "diff_stats",
        Kind.CORRECTNESS,
        known=("b79490c61652f9b7",),
        wrapper="kolibri_azure_plugin.content.channels.channel_locks:with_channel_lock",
        reason=TURNS,
        evidence="Two administrators who looked at the changes in a new version at once shared one "
        "SQLite file on the share, which the first removed.",
        without="Administrators who look at a new version of a channel at once see failed tasks.",
        postgresql_only=True,
    ),
)
