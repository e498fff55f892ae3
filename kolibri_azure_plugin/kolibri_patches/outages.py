"""The import of channels, where the share that it writes to may go away."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

RESOURCES = "kolibri.core.content.utils.resource_import"

WHERE = "kolibri_azure_plugin.channels.trying_again"

PATCHES = (
    Patch(
        RESOURCES,
        "ResourceImportManagerBase._start_file_transfer",
        Kind.CORRECTNESS,
        known=("dca4fe2083b8fa96",),
        wrapper=f"{WHERE}:try_files_again",
        reason="Kolibri tries again what fails on the network, and has no hook for what fails on "
        "the disk.",
        answers="A share that was away for half a minute failed the import, or left files out that "
        "the task then called imported.",
        without="An import fails when the share is away for a moment, or leaves files out without "
        "a word.",
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase.run",
        Kind.CORRECTNESS,
        known=("d7fec78be1efa193",),
        wrapper=f"{WHERE}:let_go_of_threads",
        reason="Kolibri leaves it to Python's collection of garbage when the threads of an import, "
        "and what they hold, are gone.",
        answers="Each import kept ten connections for an uncertain time. After a few, others were "
        "refused: remaining connection slots are reserved.",
        without="A few imports one after the other may leave no connection to PostgreSQL.",
        postgresql_only=True,
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase.do_channel_database_import",
        Kind.CORRECTNESS,
        known=("422cee74527c536d",),
        wrapper=f"{WHERE}:try_database_again",
        reason="Kolibri has no hook around the transfer of a channel's database.",
        answers="A share that was away for a moment failed the import of a channel.",
        without="An import of a channel and its files fails when the share is away for a moment "
        "while its database is copied.",
    ),
    Patch(
        RESOURCES,
        "get_free_space",
        Kind.CORRECTNESS,
        known=("35b84e8ef306bbed",),
        wrapper=f"{WHERE}:measure_the_share",
        reason="It is called between two files, and there is no hook.",
        answers="Where the share was away, the room on the container's own disk was measured, and "
        "the import ended for want of room.",
        without="An import ends when the share is away at the moment at which the room on it is "
        "measured.",
    ),
    *(
        Patch(
            module,
            "transfer_channel",
            Kind.CORRECTNESS,
            known=("7e72be5a22355607",),
            wrapper=f"{WHERE}:try_channel_again",
            reason="Kolibri has no hook around the transfer of a channel's database.",
            answers="A share that was away for a moment failed the import of a channel.",
            without="An import of a channel's database fails when the share is away for a moment.",
        )
        # Two of them have taken over the name before any plugin's app is ready.
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
        wrapper="kolibri_azure_plugin.channels.scanning:believe_what_is_said",
        reason="Kolibri takes what it can't read for what is not there, and has no hook.",
        answers="`scanforcontent` while the share was away called every file unavailable, and no "
        "learner saw any content.",
        without="`kolibri manage scanforcontent` makes all content vanish when the share is away.",
    ),
    Patch(
        "kolibri.core.content.utils.channels",
        "get_channel_ids_for_content_database_dir",
        Kind.CORRECTNESS,
        known=("ef10873b13b3e831",),
        wrapper="kolibri_azure_plugin.channels.scanning:delete_no_database",
        reason="Kolibri deletes the file of a database that it can't read, and has no hook.",
        answers="A share that came back between a look at a database and its deletion lost it.",
        without="A list of the channels on the share may delete a database when the share comes "
        "back at that moment.",
    ),
)
