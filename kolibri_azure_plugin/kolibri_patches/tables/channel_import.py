"""The import of a channel into PostgreSQL."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

IMPORT = "kolibri.core.content.utils.channel_import"
RESOURCES = "kolibri.core.content.utils.resource_import"

NO_HOOK = "Kolibri has no hook and no setting for its import of channels."

PATCHES = (
    Patch(
        IMPORT,
        "ChannelImport.postgres_table_import",
        Kind.CORRECTNESS,
        known=("762e60eeb83fbe49",),
        wrapper="kolibri_azure_plugin.content.channels.importing:coerce_imported_values",
        reason=NO_HOOK,
        evidence="A channel with a file over 2,147,483,647 bytes or with a NUL character in a text "
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
        wrapper="kolibri_azure_plugin.content.channels.importing:escape_for_copy",
        reason=NO_HOOK,
        evidence="Titles, descriptions and options lost their backslashes. Options with a quote "
        "became broken JSON, and the \\n of a formula such as \\nu became a line break.",
        without="Texts of imported channels silently lose their backslashes.",
        postgresql_only=True,
        needs=(f"{IMPORT}.set_channel_ancestors",),
    ),
    Patch(
        IMPORT,
        "set_channel_ancestors",
        Kind.SAFETY,
        known=("eb238455805ad780",),
        wrapper="kolibri_azure_plugin.content.channels.importing:escape_ancestor_titles",
        reason=NO_HOOK,
        evidence="A backslash in a topic's title turned the path to each of its resources into "
        "broken JSON.",
        without="Resources below a topic with a backslash in its title can't be shown.",
        postgresql_only=True,
    ),
    Patch(
        IMPORT,
        "ChannelImport.check_and_delete_existing_channel",
        Kind.SAFETY,
        known=("aad4b539c4921481",),
        wrapper="kolibri_azure_plugin.content.channels.importing:recheck_under_lock",
        reason="Kolibri checks before its transaction whether the channel exists and which tree "
        "number is free, and has no hook in between.",
        evidence="Two channels imported at once got the same tree number, and the update of one "
        "deleted the other.",
        without="Channels imported at once may get the same tree number. Then an update of one "
        "deletes the other.",
        postgresql_only=True,
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase._start_file_transfer",
        Kind.SPEED,
        known=("dca4fe2083b8fa96",),
        wrapper="kolibri_azure_plugin.content.channels.large_files:keep_downloaded_file",
        reason="Kolibri compares the size of a file with the one in the database, which can't "
        "exceed 2,147,483,647.",
        evidence="A resumed import fetched each file over 2 GiB again.",
        without="A resumed import fetches files over 2 GiB again.",
        postgresql_only=True,
    ),
)
