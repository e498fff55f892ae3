"""Accounts, and lists of them."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

COMMAND = "kolibri.core.auth.management.commands.bulkimportusers"

PATCHES = (
    Patch(
        "kolibri.core.auth.models",
        "FacilityUser.save",
        Kind.CORRECTNESS,
        known=("50e4c95208771f58",),
        wrapper="kolibri_azure_plugin.accounts.names:make_a_name_once",
        reason="A lock has to last until the account can be seen by everybody; a signal before the "
        "save comes before its transaction. A constraint would refuse what syncs rightly bring.",
        answers="One name made on two instances at once existed twice, in 8 of 15 rounds.",
        without="Two people who make an account of one name at the same moment both get one.",
        postgresql_only=True,
    ),
    Patch(
        COMMAND,
        "open_csv_for_reading",
        Kind.CORRECTNESS,
        known=("2fda75e0d2d5b811",),
        wrapper="kolibri_azure_plugin.accounts.lists:read_without_nul",
        reason="The command opens the list itself.",
        answers="A list with a NUL in it failed as a whole.",
        without="A list of users with NUL characters in it can't be imported.",
        postgresql_only=True,
    ),
    Patch(
        COMMAND,
        "Command.build_users_objects",
        Kind.CORRECTNESS,
        known=("cd377eb8af01ce32",),
        wrapper="kolibri_azure_plugin.accounts.lists:build_with_renames",
        reason="One method finds the accounts of all rows, and fails on one that is renamed.",
        answers="A list that gives an account another name failed as a whole, always.",
        without="Users can't be renamed by a list.",
    ),
    Patch(
        COMMAND,
        "Command.delete_users",
        Kind.CORRECTNESS,
        known=("f6df637791fb6e12",),
        wrapper="kolibri_azure_plugin.accounts.lists:save_one_by_one",
        reason="The command saves all accounts in one loop, and calls nothing in between.",
        answers="A name of 121 to 125 characters, or one that somebody took meanwhile, ended an "
        "import in its middle, with nobody in a class.",
        without="One row that can't be saved ends the import of a list in its middle.",
        postgresql_only=True,
        # It saves what the one has built, and what it refuses the other reports.
        needs=(f"{COMMAND}.Command.build_users_objects", f"{COMMAND}.Command.output_messages"),
    ),
    Patch(
        COMMAND,
        "Command.output_messages",
        Kind.CORRECTNESS,
        known=("800c6afcccd7dcd9",),
        wrapper="kolibri_azure_plugin.accounts.lists:report_what_was_refused",
        reason="The command reports what it found before it saved.",
        answers="A row whose name somebody took meanwhile was left out without a word.",
        without="The report of an imported list lacks rows that were refused at the last moment.",
        postgresql_only=True,
    ),
)
