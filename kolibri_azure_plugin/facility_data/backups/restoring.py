"""Restores a backup: replaces everything that Kolibri has in the database, or nothing.

While it runs, other processes can't use the database (database/restore_gate.py). All changes are
one transaction, so the old tables come back if anything fails or is killed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Callable

import psycopg2
from psycopg2 import sql

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.database.lock_keys import lock_key
from kolibri_azure_plugin.database.ownership import signs_of_data
from kolibri_azure_plugin.database.restore_gate import CHANGES, RESTORE, RestoringError
from kolibri_azure_plugin.database.state import TABLE
from kolibri_azure_plugin.errors import BackupError
from kolibri_azure_plugin.errors.wording import counted, megabytes
from kolibri_azure_plugin.facility_data.backups import (
    examining,
    loading,
    replaced_objects,
    restored,
)
from kolibri_azure_plugin.facility_data.backups.creating import describe
from kolibri_azure_plugin.facility_data.backups.manifest import DUMP, Manifest
from kolibri_azure_plugin.facility_data.backups.postgresql_client import connection, require_client
from kolibri_azure_plugin.facility_data.backups.programs import ProgramError
from kolibri_azure_plugin.facility_data.backups.sessions import end_other_sessions

#: Seconds that the restore waits for a table that a session of somebody else keeps locked.
LOCK_TIMEOUT = 60

Tell = Callable[[str], None]

#: Synced devices know how far they have read from this one, by its id and a counter. A restore sets
#: the counter back, so new records would look as if they had been read. Without a current id of the
#: database, the next start creates one, and with it a new id of the device. Kolibri's own restore
#: does the same (0.19.5, core/deviceadmin/utils.py).
NEW_IDENTITY = sql.SQL("UPDATE {table} SET current = false;")
DATABASE_IDS = "morango_databaseidmodel"


def restore(place: str, file: str, tell: Tell, *, replace: bool, once: bool = False) -> None:
    """Replace the content of the database by that of a backup.

    :param place: the folder for backups; empty if there is none.
    :param file: the path of the backup, or its name in the folder.
    :param replace: even if the database holds data.
    :param once: do nothing if this database has ever been restored from this backup.
    :raises KolibriAzureError: when it fails. The database is then as it was.
    """
    began = time.monotonic()
    name = examining.name_of(file)
    # Before anything else: a file that is not needed may be gone, with its share.
    if once and _is_done(name, tell):
        return
    dump = examining.find_file(place, file)
    expected = examining.read_manifest(dump)
    examining.require_usable_version(expected)
    examining.require_whole(dump, expected)
    tell(f"The checksum of {expected.name} is right, {megabytes(expected.file_bytes)}.")
    # Another instance may have restored it meanwhile.
    if once and _is_done(name, tell):
        return
    with _connected_lock(wait=once) as lock:
        if not replace:
            _require_empty(lock.session)
        _acquire(lock)
        ended = end_other_sessions(lock.session)
        tell(
            f"Ended {counted(ended, 'session')} of other processes. They answer 503 until the "
            "restore is done."
        )
        _replace(dump, expected, lock.session)
        tell("The tables are replaced. PostgreSQL looks through them, to plan queries well.")
        # It changes no data, and PostgreSQL would do the same within minutes.
        with contextlib.suppress(psycopg2.Error), lock.session.cursor() as cursor:
            cursor.execute("ANALYZE")
    tell(
        f"Restored {counted(expected.rows, 'row')} of {counted(len(expected.counts), 'table')} "
        f"from {expected.name}, of Kolibri {expected.kolibri}, in {time.monotonic() - began:.1f} s."
    )
    tell("Every process of Kolibri starts again now; elsewhere than in the image, start it again.")


def _is_done(name: str, tell: Tell) -> bool:
    with _connected_lock(wait=True) as lock:
        if name not in restored.names(lock.session):
            return False
    tell(
        f"The database has been restored from {name} already, and stays as it is. To restore it "
        f"again:\nkolibri manage azure_backup restore {name}{DUMP} --replace"
    )
    return True


@contextlib.contextmanager
def _connected_lock(*, wait: bool) -> Iterator[AdvisoryLock]:
    """The lock that keeps all other processes away from the database, with its session.

    :param wait: until another restore is done, instead of half a minute at most.
    """
    lock = AdvisoryLock(RESTORE)
    try:
        # Connecting waits itself.
        while not _connects(lock, wait=wait):
            pass
        yield lock
    finally:
        lock.release()


def _connects(lock: AdvisoryLock, *, wait: bool) -> bool:
    try:
        return bool(lock.session)
    except RestoringError:
        if wait:
            return False
        raise


def _acquire(lock: AdvisoryLock) -> None:
    if not lock.try_acquire():
        raise BackupError(
            "Another process restores a backup.",
            expected="one at a time in the deployment",
            found=(lock.holder() or (0, "one that has just ended"))[1],
            remedy="Wait until it is done. No other process can use the database meanwhile.",
            code="backup-restoring",
        )


def _require_empty(session: Any) -> None:
    data = signs_of_data(session)
    if data:
        raise BackupError(
            "The database is not empty.",
            expected="an empty database, or --replace",
            found=data,
            remedy="To replace all of Kolibri's data by that of the backup, make a backup of what "
            "is there, then add the option --replace:\nkolibri manage azure_backup create",
            code="backup-needs-replace",
        )


def _replace(dump: str, expected: Manifest, session: Any) -> None:
    database = connections.current()
    source = describe(session)
    if source.schema != expected.schema:
        raise BackupError(
            "The backup belongs into another schema.",
            expected=f"schema {expected.schema}, as in the backup",
            found=f"schema {source.schema}, which the user's search_path names first",
            remedy="As the owner of the database:\n"
            f'psql -d {database.config.name} -c \'ALTER ROLE "{database.config.user}" '
            f"SET search_path = {expected.schema}'",
            code="backup-schema",
        )
    client = require_client(source.major)
    try:
        loading.load(
            client,
            connection(database.config, database.credentials.current(), CHANGES),
            dump,
            expected.schema,
            loading.known_settings(session),
            before="\n".join(
                (
                    f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s';",
                    f"SELECT pg_advisory_xact_lock({lock_key(CHANGES)});",
                    replaced_objects.drop_statements(session, source.schema),
                    replaced_objects.become_owner(session, source.schema),
                )
            ),
            after=_after(dump, expected, session),
        )
    except ProgramError as error:
        raise BackupError(
            "The backup could not be restored. The database is as it was.",
            expected="every statement of the backup to succeed",
            found=str(error),
            remedy="Fix what the message says, then try again. Objects that others have made from "
            "Kolibri's tables, such as views, have to be removed before.",
            code="backup-restore-failed",
        ) from error


def _after(dump: str, expected: Manifest, session: Any) -> str:
    """What has to change in the restored tables."""
    statements = []
    if DATABASE_IDS in expected.counts:
        table = sql.Identifier(expected.schema, DATABASE_IDS)
        statements.append(NEW_IDENTITY.format(table=table))
    if TABLE in expected.counts:
        name = examining.name_of(dump)
        statements.append(restored.note(session, expected.schema, name))
    return "\n".join(statement.as_string(session) for statement in statements)
