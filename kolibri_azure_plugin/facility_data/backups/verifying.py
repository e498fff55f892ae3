"""Verifies a backup: restores it into a scratch database, and counts its rows."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from typing import Any, Callable

import psycopg2

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock, held
from kolibri_azure_plugin.errors import BackupError
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.errors.wording import counted, megabytes
from kolibri_azure_plugin.facility_data.backups import (
    examining,
    folder,
    loading,
    manifest,
    scratch,
    tables,
)
from kolibri_azure_plugin.facility_data.backups.creating import describe
from kolibri_azure_plugin.facility_data.backups.manifest import VERIFIED, Manifest
from kolibri_azure_plugin.facility_data.backups.postgresql_client import connection, require_client
from kolibri_azure_plugin.facility_data.backups.programs import ProgramError

#: One process of the deployment uses scratch databases at a time, so all others are leftovers.
LOCK_NAME = "backup verification"

Tell = Callable[[str], None]


def verify(dump: str, tell: Tell) -> None:
    """Make sure that a backup can be restored, and note it next to the file.

    :param dump: the path of the backup.
    :raises KolibriAzureError: when it can't be restored, or this can't be tried.
    """
    began = time.monotonic()
    expected = examining.read_manifest(dump)
    examining.require_whole(dump, expected)
    tell(f"The checksum of {expected.name} is right, {megabytes(expected.file_bytes)}.")
    with held(LOCK_NAME, _already_verifying) as lock:
        server = _try_out(dump, expected, lock.session, tell)
    seconds = time.monotonic() - began
    _note(dump, server, seconds)
    rows = f"{counted(expected.rows, 'row')} of {counted(len(expected.counts), 'table')}"
    tell(f"Verified: {rows} were restored into a scratch database, in {seconds:.1f} s.")


def remove_leftovers() -> int:
    """Remove the databases that killed verifications left, unless one runs; returns how many."""
    lock = AdvisoryLock(LOCK_NAME)
    try:
        if not lock.try_acquire():
            return 0
        return scratch.remove_leftovers(lock.session, connections.current().config.name)
    finally:
        lock.release()


def _already_verifying(holder: str) -> BackupError:
    return BackupError(
        "Another process verifies a backup.",
        expected="one at a time in the deployment",
        found=holder,
        remedy="Wait until it is done, then try again.",
        code="backup-verifying",
    )


def _try_out(dump: str, expected: Manifest, session: Any, tell: Tell) -> str:
    database = connections.current()
    source = describe(session)
    client = require_client(source.major)
    try:
        with scratch.scratch_database(session, database.config) as config:
            tell(f"Restoring it into the scratch database {config.name}.")
            login = database.credentials.current()
            loading.load(
                client,
                connection(config, login, "verification"),
                dump,
                expected.schema,
                loading.known_settings(session),
                before=loading.create_schema(expected.schema),
            )
            found = _count(database, config, expected.schema)
    except loading.UnreadableDumpError as error:
        raise examining.damaged(dump, f"it can't be restored: {error}") from error
    except (ProgramError, psycopg2.Error) as error:
        raise _not_tried(dump, error) from error
    different = tables.difference(dict(expected.counts), found)
    if different:
        raise examining.damaged(dump, f"after restoring, {different}")
    return source.version


def _not_tried(dump: str, error: Exception) -> BackupError:
    """The error for a server that could not do it, which says nothing against the file."""
    return BackupError(
        f"The backup {os.path.basename(dump)} could not be tried out.",
        expected="a server that restores it into a scratch database; the file's checksum is right",
        found=redact(str(error)).strip(),
        remedy="Fix what PostgreSQL says, such as a full disk or a server that restarts, then try "
        f"again:\nkolibri manage azure_backup verify {shlex.quote(dump)}",
        code="backup-not-tried",
    )


def _count(database: Any, config: Any, schema: str) -> dict[str, int]:
    session = scratch.connect(database, config)
    try:
        return tables.count_rows(session, schema)
    finally:
        session.close()


def _note(dump: str, server: str, seconds: float) -> None:
    path = manifest.path_of(dump, VERIFIED)
    try:
        # Nothing can be renamed onto a file that another process of the share has open.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        manifest.write_durably(path, manifest.verification(manifest.now(), server, seconds))
    except OSError as error:
        raise folder.explain(os.path.dirname(dump), error) from error
