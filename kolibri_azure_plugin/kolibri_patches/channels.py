"""The import of channels, where PostgreSQL and several instances are less forgiving than SQLite."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

IMPORT = "kolibri.core.content.utils.channel_import"
RESOURCES = "kolibri.core.content.utils.resource_import"

NO_HOOK = "Kolibri has no hook and no setting for its import of channels."
TURNS = "Jobs of two instances know nothing of each other, and Kolibri has no lock for a channel."
AT_ONCE = (
    "The same channel imported by two administrators at once: one task failed, UniqueViolation."
)
IN_PARTS = (
    "Administrators who import, update or delete the same channel at once see failed tasks, or a "
    "channel whose file is part old and part new."
)


def _in_turn(module: str, name: str, digest: str, wrapper: str, answers: str = AT_ONCE) -> Patch:
    return Patch(
        module,
        name,
        Kind.SAFETY,
        known=(digest,),
        wrapper=f"kolibri_azure_plugin.channels.taking_turns:{wrapper}",
        reason=TURNS,
        answers=answers,
        without=IN_PARTS,
        postgresql_only=True,
    )


PATCHES = (
    Patch(
        IMPORT,
        "ChannelImport.postgres_table_import",
        Kind.CORRECTNESS,
        known=("762e60eeb83fbe49",),
        wrapper="kolibri_azure_plugin.channels.importing:import_what_fits",
        reason=NO_HOOK,
        answers="A channel with a file over 2,147,483,647 bytes or with a NUL character in a text "
        "could not be imported at all.",
        without="A channel with a file over 2 GiB, or with a NUL character in a text, can't be "
        "imported.",
        postgresql_only=True,
    ),
    Patch(
        IMPORT,
        "clean_csv_value",
        Kind.SAFETY,
        known=("3636487b4d808870",),
        wrapper="kolibri_azure_plugin.channels.importing:write_as_copy_reads",
        reason=NO_HOOK,
        answers="Titles, descriptions and options lost their backslashes, which made broken JSON "
        "of options with a quote in them, and a line break of a formula such as \\nu.",
        without="Texts of imported channels lose their backslashes without a word.",
        postgresql_only=True,
        needs=(f"{IMPORT}.set_channel_ancestors",),
    ),
    Patch(
        IMPORT,
        "set_channel_ancestors",
        Kind.SAFETY,
        known=("eb238455805ad780",),
        wrapper="kolibri_azure_plugin.channels.importing:escape_titles_of_ancestors",
        reason=NO_HOOK,
        answers="A topic whose title holds a backslash made broken JSON of the path to each of "
        "its resources.",
        without="Resources below a topic whose title holds a backslash can't be shown.",
        postgresql_only=True,
    ),
    Patch(
        IMPORT,
        "ChannelImport.check_and_delete_existing_channel",
        Kind.SAFETY,
        known=("aad4b539c4921481",),
        wrapper="kolibri_azure_plugin.channels.importing:look_again_when_it_is_our_turn",
        reason="Kolibri looks before its transaction begins whether the channel is there and which "
        "tree number is free, and has no hook between.",
        answers="Two channels imported at once got the same tree number, and the update of one "
        "deleted the other.",
        without="Channels imported at once may get the same tree number; an update of one deletes "
        "the other then.",
        postgresql_only=True,
    ),
    _in_turn(
        IMPORT, "ChannelImport.run_and_annotate", "0f750d5a1f1f6547", "import_channel_in_turn"
    ),
    _in_turn(
        RESOURCES, "ResourceImportManagerBase.run", "d7fec78be1efa193", "import_resources_in_turn"
    ),
    _in_turn(
        "kolibri.core.content.utils.channel_transfer",
        "start_file_transfer",
        "3edd9c1171542b0f",
        "transfer_in_turn",
    ),
    Patch(
        "kolibri.core.utils.lock",
        "PostgresLock.execute",
        Kind.CORRECTNESS,
        known=("af52b40a1fd5d089",),
        wrapper="kolibri_azure_plugin.channels.taking_turns:take_no_lock_of_syncs",
        reason="Kolibri's lock and Morango's have the same number, which stands in their code.",
        answers="An import of a channel waited for each sync to end that was being worked in, and "
        "kept all others from beginning meanwhile.",
        without="A deletion of content waits for syncs, and no longer for imports of other "
        "channels.",
        postgresql_only=True,
    ),
    *(
        _in_turn(
            module,
            "delete_content",
            "d5190804787ac76d",
            "in_turn",
            answers="A deletion that met an import of the same channel failed, or deleted the "
            "file of the database that had just come.",
        )
        # Its tasks have taken over the name before any plugin's app is ready.
        for module in ("kolibri.core.content.utils.content_delete", "kolibri.core.content.tasks")
    ),
    Patch(
        "kolibri.core.content.tasks",
        "diff_stats",
        Kind.CORRECTNESS,
        known=("b79490c61652f9b7",),
        wrapper="kolibri_azure_plugin.channels.taking_turns:in_turn",
        reason=TURNS,
        answers="Two administrators who asked at once what a new version brings shared one SQLite "
        "file on the share, which the first removed.",
        without="Administrators who look at a new version of a channel at once see failed tasks.",
        postgresql_only=True,
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase._start_file_transfer",
        Kind.SPEED,
        known=("dca4fe2083b8fa96",),
        wrapper="kolibri_azure_plugin.channels.large_files:keep_what_is_there",
        reason="Kolibri compares the size of a file with the one in the database, which can't say "
        "more than 2,147,483,647.",
        answers="An import that was resumed fetched each file over 2 GiB once more.",
        without="An import that is resumed fetches files over 2 GiB again.",
        postgresql_only=True,
    ),
)
