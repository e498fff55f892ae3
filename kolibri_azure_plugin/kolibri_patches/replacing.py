"""The files of channels on a share: how they are replaced, served meanwhile, and named."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

TRANSFER = "kolibri.utils.file_transfer"
RESOURCES = "kolibri.core.content.utils.resource_import"
CHANNEL = "kolibri.core.content.utils.channel_transfer"

DATABASES = "kolibri_azure_plugin.channels.database_files"
TRANSFERS = "kolibri_azure_plugin.channels.transfers"
NAMES = "kolibri_azure_plugin.channels.names"
DELETING = "kolibri_azure_plugin.channels.deleting"

NO_HOOK = "Kolibri has no hook and no setting for how a transfer ends."
GONE = "An update that fails or is cancelled may delete the channel's database from the share."
KEPT_BY_READERS = (
    "A channel that is deleted while somebody reads its files can't be imported again, or loses "
    "them when the last reader ends."
)
ANYWHERE = "A channel can write and delete files outside the content folder."
NOT_COMPARED = (
    "Kolibri compares the beginning of a name alone, and the rest of it is what the channel says."
)

PATCHES = (
    Patch(
        TRANSFER,
        "TransferFile.finalize_file",
        Kind.SAFETY,
        known=("fad87e2b7ab8d8e2",),
        wrapper=f"{TRANSFERS}:replace_safely",
        reason=NO_HOOK,
        answers="The update of a channel failed while a school downloaded its database, and the "
        "database was gone; a download that broke off replaced a good one.",
        without="The update of a channel deletes its database while somebody downloads that.",
    ),
    Patch(
        TRANSFER,
        "TransferFile.delete",
        Kind.SAFETY,
        known=("557dcbe9167ef816",),
        wrapper=f"{TRANSFERS}:delete_what_is_new",
        reason=NO_HOOK,
        answers="A copy that broke off deleted the file that it was to replace.",
        without=GONE,
    ),
    Patch(
        TRANSFER,
        "TransferFile.is_complete",
        Kind.CORRECTNESS,
        known=("5dfd990890bda4fd",),
        wrapper=f"{TRANSFERS}:fetch_newer",
        reason="Kolibri takes a file for fetched that has the name of the one wanted.",
        answers="A channel that was there was never fetched again: importchannel network brought "
        "no newer version, and said nothing.",
        without="A newer version of a channel is not fetched by importchannel network.",
    ),
    Patch(
        TRANSFER,
        "FileDownload._run_no_byte_range_download",
        Kind.CORRECTNESS,
        known=("d9b427a866a456b0",),
        wrapper=f"{TRANSFERS}:begin_anew",
        reason="Kolibri calls it again after a failure of the network.",
        answers="What had come before the failure stood twice in the file, which then counted as "
        "corrupted.",
        without="A download that is tried again after a failure of the network fails for good.",
    ),
    Patch(
        CHANNEL,
        "start_file_transfer",
        Kind.SAFETY,
        known=("3edd9c1171542b0f",),
        wrapper=f"{DATABASES}:keep_the_old_one",
        reason="Kolibri removes the file after a task that was cancelled, in the middle of a "
        "function.",
        answers="Cancelling an update deleted the channel's database.",
        without=GONE,
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase.do_channel_database_import",
        Kind.SAFETY,
        known=("422cee74527c536d",),
        wrapper=f"{DATABASES}:keep_the_old_one_in_imports",
        reason="Kolibri has no hook around the import of a channel's database.",
        answers="Cancelling an update deleted the channel's database.",
        without=GONE,
        needs=(f"{RESOURCES}.ResourceImportManagerBase._cleanup_upgrade_database",),
    ),
    Patch(
        RESOURCES,
        "ResourceImportManagerBase._cleanup_upgrade_database",
        Kind.SAFETY,
        known=("c11b397b05d9c35a",),
        wrapper=f"{DATABASES}:end_before_it_is_removed",
        reason="The last function that is called before the database of a cancelled import is "
        "removed.",
        answers="Cancelling an update deleted the channel's database.",
        without=GONE,
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.find_and_cache_dynamic_file",
        Kind.CORRECTNESS,
        known=("38fcd4ec65d4d2da",),
        wrapper="kolibri_azure_plugin.channels.serving:find_databases_each_time",
        reason="Kolibri remembers each file that it has served once, with its size.",
        answers="A database that had been replaced was served with the size of the old one, and "
        "for a moment not at all.",
        without="Whoever downloads a channel's database while it is replaced may be told that "
        "there is none.",
    ),
    Patch(
        "kolibri.core.content.utils.upgrade",
        "get_annotated_content_database_file_path",
        Kind.CORRECTNESS,
        known=("e9b01c252c9ea72d",),
        wrapper="kolibri_azure_plugin.channels.comparing:compare_on_this_machine",
        reason="Kolibri compares two versions of a channel in a database beside the channel's own.",
        answers="On a share of SMB it can't be written: database is locked.",
        without="Administrators can't see what a new version of a channel brings, where the "
        "content folder is a share of SMB.",
    ),
    Patch(
        "kolibri.core.content.models",
        "LocalFileQueryset.delete_unused_files",
        Kind.SAFETY,
        known=("6697eddbc89880e5",),
        wrapper=f"{DELETING}:free_names_of_files",
        reason="Kolibri removes each file by its name, with no signal before.",
        answers="On a share of SMB a file that is open keeps its name until the last reader ends: "
        "the next import was refused that name, or took the file that was about to go.",
        without=KEPT_BY_READERS,
    ),
    Patch(
        "kolibri.core.content.utils.content_delete",
        "delete_metadata",
        Kind.SAFETY,
        known=("307b8433d1be6426",),
        wrapper=f"{DELETING}:free_name_of_database",
        reason="Kolibri removes the database by its name, with no signal before.",
        answers="A channel that was deleted while a school downloaded its database could not be "
        "imported again before the download ended.",
        without=KEPT_BY_READERS,
    ),
    *(
        Patch(
            module,
            "get_content_storage_file_path",
            Kind.SAFETY,
            known=("91ca228592933335",),
            wrapper=f"{NAMES}:take_whole_names",
            reason=NOT_COMPARED,
            answers="A file whose ending was mp4/../../../.. and so on was written outside the "
            "content folder.",
            without=ANYWHERE,
        )
        # The second has taken over the name before any plugin's app is ready.
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
        wrapper=f"{NAMES}:take_known_names",
        reason="Kolibri makes every folder on the way to a file, whatever it is called.",
        answers="An id of a channel that another server had sent led out of the content folder.",
        without=ANYWHERE,
    ),
    Patch(
        TRANSFER,
        "ChunkedFile.__init__",
        Kind.SAFETY,
        known=("2e0281b072622459",),
        wrapper=f"{NAMES}:take_known_names_of_parts",
        reason="Kolibri makes a folder for the parts of a file, whatever that is called.",
        answers="An address with names that SMB refuses made folders on the share.",
        without=ANYWHERE,
    ),
)
