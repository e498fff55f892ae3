"""The import of channels while the content share is unavailable."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

RESOURCES = "kolibri.core.content.utils.resource_import"

WHERE = "kolibri_azure_plugin.content.channels.import_retries"

PATCHES = (
    Patch(
        RESOURCES,
        "ResourceImportManagerBase._start_file_transfer",
        Kind.CORRECTNESS,
        known=("dca4fe2083b8fa96",),
        wrapper=f"{WHERE}:retry_files",
        reason="Kolibri retries network errors, but has no hook for disk errors.",
        evidence="When the share was unavailable for half a minute, the import failed, or omitted "
        "files that the task then reported as imported.",
        without="An import fails if the share is briefly unavailable, or silently omits files.",
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase.run",
        Kind.CORRECTNESS,
        known=("d7fec78be1efa193",),
        wrapper=f"{WHERE}:release_connections",
        reason="Kolibri leaves it to garbage collection to release the threads of an import, and "
        "their connections.",
        evidence="Each import kept ten connections for an unpredictable time. After a few imports, "
        "PostgreSQL refused others: remaining connection slots are reserved. Ten connections to "
        "another Kolibri stayed, too, and a retry found no server there: NetworkLocationNotFound.",
        without="A few imports in a row may use up all connections to PostgreSQL. A retry of an "
        "import from another Kolibri may fail for ten seconds.",
        postgresql_only=True,
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase.do_channel_database_import",
        Kind.CORRECTNESS,
        known=("422cee74527c536d",),
        wrapper=f"{WHERE}:retry_database",
        reason="Kolibri has no hook around the transfer of a channel's database.",
        evidence="The import of a channel failed when the share was unavailable for a moment.",
        without="An import of a channel and its files fails if the share is unavailable for a "
        "moment while its database is copied.",
    ),
    Patch(
        RESOURCES,
        "get_free_space",
        Kind.CORRECTNESS,
        known=("35b84e8ef306bbed",),
        wrapper=f"{WHERE}:retry_free_space",
        reason="Kolibri calls it between two files, and has no hook.",
        evidence="With the share unavailable, Kolibri measured the free space on the container's "
        "own disk, and the import ended for lack of space.",
        without="An import ends if the share is unavailable when its free space is measured.",
    ),
    *(
        Patch(
            module,
            "transfer_channel",
            Kind.CORRECTNESS,
            known=("7e72be5a22355607",),
            wrapper=f"{WHERE}:retry_channel",
            reason="Kolibri has no hook around the transfer of a channel's database.",
            evidence="The import of a channel failed when the share was unavailable for a moment.",
            without="An import of a channel's database fails if the share is unavailable for a "
            "moment.",
        )
        # Two of them import the function before any plugin's app is ready.
        for module in (
            "kolibri.core.content.utils.channel_transfer",
            "kolibri.core.content.utils.upgrade",
            "kolibri.core.content.tasks",
        )
    ),
    Patch(
        "kolibri.core.content.utils.annotation",
        "_check_file_availability",
        Kind.CORRECTNESS,
        known=("a8949a7d16e4049d",),
        wrapper="kolibri_azure_plugin.content.channels.scanning:confirm_missing_files",
        reason="Kolibri treats files that it can't read as missing, and has no hook.",
        evidence="With the share unavailable, `scanforcontent` marked every file as unavailable, "
        "and no learner saw any content.",
        without="`kolibri manage scanforcontent` hides all content if the share is unavailable.",
    ),
    Patch(
        "kolibri.core.content.utils.channels",
        "get_channel_ids_for_content_database_dir",
        Kind.CORRECTNESS,
        known=("ef10873b13b3e831",),
        wrapper="kolibri_azure_plugin.content.channels.scanning:list_without_deleting",
        reason="Kolibri deletes the file of a database that it can't read, and has no hook.",
        evidence="A share that came back between the check and the deletion lost a database.",
        without="Listing the channels on the share may delete a database if the share comes back "
        "at that moment.",
    ),
)
