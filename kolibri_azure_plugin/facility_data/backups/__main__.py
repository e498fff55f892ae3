"""The program of backups: ``python -m kolibri_azure_plugin.facility_data.backups``.

``kolibri manage azure_backup`` runs this program before Kolibri initializes itself. So nothing is
migrated before a backup is restored, and a database works that Kolibri refuses.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import sys

import psycopg2

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.configuration.context import Context
from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.failures import explain
from kolibri_azure_plugin.database.opening import find_database
from kolibri_azure_plugin.errors import KolibriAzureError, SettingsError
from kolibri_azure_plugin.errors.debugging import debug_is_on
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.errors.remedies import set_app_settings
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline
from kolibri_azure_plugin.facility_data.backups import (
    arguments,
    catalogue,
    creating,
    examining,
    folder,
    listing,
    nightly,
    restoring,
    verifying,
)
from kolibri_azure_plugin.facility_data.backups.manifest import MANUAL, UPGRADE

DONE, FAILED = 0, 1

#: How many backups of before upgrades are kept.
KEPT_OF_UPGRADES = 3

#: The exit code after Ctrl-C, as in a shell.
INTERRUPTED = 130

#: Seconds to wait for a vault that is busy.
PATIENCE = 30.0


def main(words: list[str]) -> int:
    """Do what the arguments say, and return the exit code."""
    options = arguments.parser().parse_args(words)
    if not debug_is_on():
        logging.disable(logging.INFO)
    # The work goes on if the shell that started it is closed.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _run(options, context.current())
        return DONE
    except KolibriAzureError as error:
        if debug_is_on():
            logging.getLogger(__name__).exception("The command failed.")
        return _fail(error.instructions())
    except psycopg2.Error as error:
        return _fail(explain(error, connections.current().config).instructions())
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(options: argparse.Namespace, here: Context) -> None:
    if options.command == "list":
        found = catalogue.find_backups(folder.require_folder(here.deployment))
        _say(listing.render(found) if found else "There are no backups yet.")
        return
    _use_database(here)
    if options.command == "nightly":
        nightly.back_up(here, _say)
    elif options.command in ("create", "upgrade"):
        _create(options, folder.require_folder(here.deployment))
    elif options.command == "verify":
        verifying.verify(examining.find_file(here.settings.backup_folder, options.file), _say)
    else:
        place = here.settings.backup_folder
        restoring.restore(place, options.file, _say, replace=options.replace, once=options.once)


def _create(options: argparse.Namespace, place: str) -> None:
    if options.command == "create":
        with creating.backup_lock():
            dump = creating.create(place, MANUAL, "by hand", _say)
    else:
        # It is the only way back, so it waits; the start that needs it sets the limit.
        with creating.backup_lock(_say):
            dump = creating.create(place, UPGRADE, f"before {options.upgrade}", _say)
            catalogue.try_to_remove_old(place, UPGRADE, KEPT_OF_UPGRADES, _say)
    _say(dump)


def _use_database(here: Context) -> None:
    if not here.deployment.wants_postgresql:
        raise SettingsError(
            "This deployment has no PostgreSQL.",
            expected="a database on PostgreSQL",
            found="a test deployment on SQLite",
            remedy=set_app_settings("KOLIBRI_DATABASE_URL=URL")
            + "\nTo back up SQLite, use Kolibri's own command: kolibri manage dbbackup",
            code="backup-sqlite",
        )
    database = retry_until_deadline(lambda: find_database(here), Deadline(PATIENCE))
    connections.use(database)


def _say(line: str) -> None:
    # The terminal may be gone.
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{redact(line)}\n")
        sys.stdout.flush()


def _fail(message: str) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{redact(message)}\n")
        sys.stderr.flush()
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
