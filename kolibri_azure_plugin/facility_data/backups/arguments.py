"""The arguments of ``kolibri manage azure_backup``."""

from __future__ import annotations

import argparse

from kolibri_azure_plugin import DOCUMENTATION

DESCRIPTION = """\
Backs up Kolibri's database into a folder, and restores it.

A backup is one file with all users, classes, lessons, progress, settings and jobs, but without the
files of channels. It fits any PostgreSQL from version 15 on, on Azure or elsewhere. Next to the
file is its manifest, NAME.json: copy both.

The setting KOLIBRI_AZURE_BACKUP_FOLDER names the folder. With KOLIBRI_AZURE_BACKUP_KEEP, one
instance makes and verifies a backup every night. Each start makes one before it upgrades the
database."""

EPILOG = f"""\
examples:
  kolibri manage azure_backup create
  kolibri manage azure_backup list
  kolibri manage azure_backup verify kolibri-20261129T210000Z-manual.dump
  kolibri manage azure_backup restore kolibri-20261129T210000Z-manual.dump --replace

exit codes:
  0  done
  1  failed; the message says what to do
  2  wrong usage

{DOCUMENTATION}/backup.md explains when to use this and when Azure's own restore, how to go back
after an upgrade, and how to move to another region, to another cloud or to a machine of your own.
"""

CREATE = """\
Makes a backup while the site runs. It contains the state of one moment: the one at which it began.
The last line of the output is the file's path.

It refuses if the folder has less room than the database has: the file is smaller, but by how much
is not known before. Backups that you make with this command are never removed automatically."""

LIST = """\
Lists the backups in the folder, oldest first: the file, when and why it was made, its size, the
version of Kolibri, and when it was verified. Files that can't be used are marked."""

VERIFY = """\
Makes sure that a backup can be restored. It compares the file with its checksum, restores it into
a scratch database on the same server, compares the number of rows of each table, and removes the
scratch database. The site goes on meanwhile. The result is noted next to the file.

The user needs the right to create databases; without it, the message shows the statement that
grants it. The server needs room for a second database of this size."""

RESTORE = """\
Replaces everything that Kolibri has in the database by the content of a backup.

All or nothing: if anything fails, the database stays as it was. While it runs, all instances
answer 503 and start no job; after it, they start again. A backup of an older Kolibri is migrated
by the next start; one of a newer Kolibri is refused. It goes on if this shell is closed.

The device gets a new identity for syncing, so that no device that has synced with this one misses
what is recorded from now on. Everything that was recorded here since the backup is lost, unless a
device has it and syncs."""


def parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    made = argparse.ArgumentParser(
        prog="kolibri manage azure_backup",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add(commands, "create", "make a backup", CREATE)
    _add(commands, "list", "list the backups", LIST)
    verify = _add(commands, "verify", "make sure that a backup can be restored", VERIFY)
    restore = _add(commands, "restore", "replace the database by a backup", RESTORE)
    for each in (verify, restore):
        each.add_argument(
            "file", metavar="FILE", help="the path of a backup, or its name in the folder"
        )
    restore.add_argument(
        "--replace", action="store_true", help="replace the data that the database holds"
    )
    restore.add_argument(
        "--once",
        action="store_true",
        help="do nothing if this database has been restored from this file before, even if from "
        "others since, as in a container that starts with this command again and again",
    )
    # For the plugin's own processes.
    commands.add_parser("nightly")
    commands.add_parser("upgrade").add_argument("upgrade")
    return made


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
