"""The files of channels on a share: replacing, deleting and naming them."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

TRANSFER = "kolibri.utils.file_transfer"
RESOURCES = "kolibri.core.content.utils.resource_import"
CHANNEL = "kolibri.core.content.utils.channel_transfer"

DATABASES = "kolibri_azure_plugin.content.channels.database_files"
TRANSFERS = "kolibri_azure_plugin.content.channels.transfers"
NAMES = "kolibri_azure_plugin.content.channels.file_names"
DELETING = "kolibri_azure_plugin.content.channels.deleting"

NO_HOOK = "Kolibri has no hook and no setting for how a transfer ends."
GONE = "An update that fails or is cancelled may delete the channel's database from the share."
KEPT_BY_READERS = (
    "A channel that is deleted while its files are open can't be imported again, or loses them "
    "when the last reader closes them."
)
ANYWHERE = "A channel can write and delete files outside the content folder."
NOT_COMPARED = "Kolibri checks only the beginning of a name. The channel decides the rest."

PATCHES = (
    Patch(
        TRANSFER,
        "TransferFile.finalize_file",
        Kind.SAFETY,
        known=("fad87e2b7ab8d8e2",),
        wrapper=f"{TRANSFERS}:replace_safely",
        reason=NO_HOOK,
        evidence="The update of a channel failed while a school downloaded its database, and the "
        "database was gone. An interrupted download replaced a good database.",
        without="Updating a channel deletes its database while a school downloads it.",
    ),
    Patch(
        TRANSFER,
        "TransferFile.delete",
        Kind.SAFETY,
        known=("557dcbe9167ef816",),
        wrapper=f"{TRANSFERS}:delete_unfinished_only",
        reason=NO_HOOK,
        evidence="An interrupted copy deleted the file that it should have replaced.",
        without=GONE,
    ),
    Patch(
        TRANSFER,
        "TransferFile.is_complete",
        Kind.CORRECTNESS,
        known=("5dfd990890bda4fd",),
        wrapper=f"{TRANSFERS}:refetch_stale_file",
        reason="Kolibri considers a file fetched if a file with its name exists.",
        evidence="importchannel network never fetched an existing channel again, and silently "
        "skipped a newer version. An import that met a damaged file fetched nothing, and failed "
        "each time: checksums did not match.",
        without="importchannel network does not fetch newer versions of channels. An import from "
        "the internet or another Kolibri fails if a file on the share is damaged.",
    ),
    Patch(
        TRANSFER,
        "FileDownload._run_no_byte_range_download",
        Kind.CORRECTNESS,
        known=("d9b427a866a456b0",),
        wrapper=f"{TRANSFERS}:restart_download",
        reason="Kolibri calls it again after a network failure.",
        evidence="The part that was fetched before the failure was in the file twice, so the file "
        "counted as corrupted.",
        without="A download that is retried after a network failure fails permanently.",
    ),
    Patch(
        CHANNEL,
        "start_file_transfer",
        Kind.SAFETY,
        known=("3edd9c1171542b0f",),
        wrapper=f"{DATABASES}:restore_after_failed_transfer",
        reason="Kolibri removes the file after a cancelled task, in the middle of a function.",
        evidence="Cancelling an update deleted the channel's database.",
        without=GONE,
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase.do_channel_database_import",
        Kind.SAFETY,
        known=("422cee74527c536d",),
        wrapper=f"{DATABASES}:restore_after_failed_import",
        reason="Kolibri has no hook around the import of a channel's database.",
        evidence="Cancelling an update deleted the channel's database.",
        without=GONE,
        needs=(f"{RESOURCES}.ResourceImportManagerBase._cleanup_upgrade_database",),
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase._cleanup_upgrade_database",
        Kind.SAFETY,
        known=("c11b397b05d9c35a",),
        wrapper=f"{DATABASES}:cancel_before_removal",
        reason="It is the last function that Kolibri calls before it removes the database of a "
        "cancelled import.",
        evidence="Cancelling an update deleted the channel's database.",
        without=GONE,
    ),
    Patch(
        "kolibri.core.content.utils.upgrade",
        "get_annotated_content_database_file_path",
        Kind.CORRECTNESS,
        known=("e9b01c252c9ea72d",),
        wrapper="kolibri_azure_plugin.content.channels.comparison:compare_locally",
        reason="Kolibri compares two versions of a channel in a database next to the "
        "channel's own.",
        evidence="On an SMB share, writing to that database fails with `database is locked`.",
        without="Administrators can't see the changes in a new version of a channel if the content "
        "folder is an SMB share.",
    ),
    Patch(
        "kolibri.core.content.models",
        "LocalFileQueryset.delete_unused_files",
        Kind.SAFETY,
        known=("6697eddbc89880e5",),
        wrapper=f"{DELETING}:remove_channel_files",
        reason="Kolibri removes each file by its name, and sends no signal beforehand.",
        evidence="On an SMB share an open file keeps its name until the last reader closes it: the "
        "next import could not use the name, or used the file that was about to be removed.",
        without=KEPT_BY_READERS,
    ),
    Patch(
        "kolibri.core.content.utils.content_delete",
        "delete_metadata",
        Kind.SAFETY,
        known=("307b8433d1be6426",),
        wrapper=f"{DELETING}:remove_channel_database",
        reason="Kolibri removes the database by its name, and sends no signal beforehand.",
        evidence="A channel that was deleted while a school downloaded its database could not be "
        "imported again until the download ended.",
        without=KEPT_BY_READERS,
    ),
    *(
        Patch(
            module,
            "get_content_storage_file_path",
            Kind.SAFETY,
            known=("91ca228592933335",),
            wrapper=f"{NAMES}:require_full_match",
            reason=NOT_COMPARED,
            evidence="A file with an extension like mp4/../../../.. was written outside the "
            "content folder.",
            without=ANYWHERE,
        )
        # The second module imports the function before any plugin's app is ready.
        for module in (
            "kolibri.core.content.utils.paths",
            "kolibri.core.content.utils.annotation",
        )
    ),
    Patch(
        TRANSFER,
        "Transfer.__init__",
        Kind.SAFETY,
        known=("f4c909a05a6e840b",),
        wrapper=f"{NAMES}:require_known_names",
        reason="Kolibri creates every folder in a file's path, whatever its name.",
        evidence="A channel id sent by another server led outside the content folder.",
        without=ANYWHERE,
    ),
    Patch(
        TRANSFER,
        "ChunkedFile.__init__",
        Kind.SAFETY,
        known=("2e0281b072622459",),
        wrapper=f"{NAMES}:require_known_part_names",
        reason="Kolibri creates a folder for the parts of a file, whatever the file's name.",
        evidence="A URL with names that SMB refuses created folders on the share.",
        without=ANYWHERE,
    ),
)
