"""Accounts, exports and answers of a facility."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

COMMAND = "kolibri.core.auth.management.commands.bulkimportusers"

PATCHES = (
    Patch(
        "kolibri.core.auth.models",
        "FacilityUser.save",
        Kind.CORRECTNESS,
        known=("50e4c95208771f58",),
        wrapper="kolibri_azure_plugin.facility_data.accounts.usernames:require_unique_username",
        reason="The lock must last until the account is committed, but a signal before the save "
        "comes before its transaction. A constraint would reject valid records of syncs.",
        evidence="A user name created on two instances at once existed twice, in 8 of 15 rounds.",
        without="Two people who create an account with the same name at once both get one.",
        postgresql_only=True,
    ),
    Patch(
        COMMAND,
        "open_csv_for_reading",
        Kind.CORRECTNESS,
        known=("2fda75e0d2d5b811",),
        wrapper="kolibri_azure_plugin.facility_data.accounts.user_imports:read_without_nul",
        reason="The command opens the list itself.",
        evidence="A list with a NUL character failed as a whole.",
        without="A list of users with NUL characters can't be imported.",
        postgresql_only=True,
    ),
    Patch(
        COMMAND,
        "Command.build_users_objects",
        Kind.CORRECTNESS,
        known=("cd377eb8af01ce32",),
        wrapper="kolibri_azure_plugin.facility_data.accounts.user_imports:build_with_renames",
        reason="One method finds the accounts of all rows, and fails on a renamed one.",
        evidence="A list that renames an account always failed as a whole.",
        without="A list of users can't rename users.",
    ),
    Patch(
        COMMAND,
        "Command.delete_users",
        Kind.CORRECTNESS,
        known=("f6df637791fb6e12",),
        wrapper="kolibri_azure_plugin.facility_data.accounts.user_imports:save_one_by_one",
        reason="The command saves all accounts in one loop, and calls nothing in between.",
        evidence="A name of 121 to 125 characters, or one taken meanwhile, ended an import "
        "halfway, before it had put any learner into a class.",
        without="One row that can't be saved ends the import of a list halfway.",
        postgresql_only=True,
        # It saves the objects that the first builds, and the second reports the rejected ones.
        needs=(f"{COMMAND}.Command.build_users_objects", f"{COMMAND}.Command.output_messages"),
    ),
    Patch(
        COMMAND,
        "Command.output_messages",
        Kind.CORRECTNESS,
        known=("800c6afcccd7dcd9",),
        wrapper="kolibri_azure_plugin.facility_data.accounts.user_imports:report_refused_rows",
        reason="The command reports the problems that it found before it saved.",
        evidence="A row whose name was taken meanwhile was silently omitted.",
        without="The report of an imported list lacks rows that were rejected at the last moment.",
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.management.commands.user_info",
        "Command.handle",
        Kind.CORRECTNESS,
        known=("20b639c5d213c2bf",),
        wrapper="kolibri_azure_plugin.facility_data.exports.one_user:skip_missing_records",
        reason="The command is one method.",
        evidence="It failed for each user without a device that syncs this user alone.",
        without="The data of one user can't be exported, as privacy laws require.",
    ),
    Patch(
        "kolibri.core.logger.tasks",
        "get_valid_filenames",
        Kind.CORRECTNESS,
        known=("1293725176259da6",),
        wrapper="kolibri_azure_plugin.facility_data.exports.retention:match_stored_names",
        reason="It compares names derived from facilities with the names of files, and removes "
        "unknown files. But the storage may change a file's name, and facilities can have any "
        "name.",
        evidence="The export of a facility with a slash or a colon in its name was removed, and so "
        "was one that another worker had just written.",
        without="An export with a changed file name is removed when another one is created.",
    ),
    Patch(
        "kolibri.plugins.facility.views",
        "FileResponse",
        Kind.CORRECTNESS,
        known=("72407a4c992c5f8b",),
        wrapper="kolibri_azure_plugin.facility_data.exports.downloads:name_attachments",
        reason="The view writes a facility's name into a response header unencoded.",
        evidence="Burmese names arrived as =?utf-8?b?…, and a name of two lines caused status 500.",
        without="Browsers save exports of facilities with non-English names under garbled names, "
        "or not at all.",
    ),
    Patch(
        "kolibri.core.logger.api",
        "InteractionSerializer.validate",
        Kind.SAFETY,
        known=("e3c3c715e5036f00",),
        wrapper="kolibri_azure_plugin.database.coercion.interactions:truncate_answers",
        reason="The view looks up earlier answers to a question by its name, and creates new ones, "
        "before the database backend sees either.",
        evidence="An answer of more than 200 characters caused status 500, and was lost.",
        without="Answers of more than 200 characters are rejected and lost.",
        postgresql_only=True,
    ),
)
