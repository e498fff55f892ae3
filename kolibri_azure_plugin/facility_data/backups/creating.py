"""Creates a backup: one file of pg_dump with everything that Kolibri has in the database.

The rows are counted in the snapshot that pg_dump reads, so the numbers are exact although the site
goes on. The file gets its name last, when it is complete and its manifest is there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from typing import IO, Any, Callable

import kolibri

import kolibri_azure_plugin
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.database.sessions import open_session
from kolibri_azure_plugin.database.state import KOLIBRI_VERSION, TABLE, State
from kolibri_azure_plugin.errors import BackupError
from kolibri_azure_plugin.errors.wording import counted, megabytes
from kolibri_azure_plugin.facility_data.backups import (
    catalogue,
    folder,
    manifest,
    postgresql_client,
    sessions,
    tables,
)
from kolibri_azure_plugin.facility_data.backups.manifest import DUMP, MANIFEST, PARTIAL, Manifest
from kolibri_azure_plugin.facility_data.backups.programs import ProgramError, running

#: One process of the deployment writes to the folder at a time.
LOCK_NAME = "backup"

#: Milliseconds that pg_dump waits for a table that another session changes.
LOCK_TIMEOUT = 60_000

CHUNK = 1 << 20

#: Seconds between two lines of progress.
PROGRESS_SECONDS = 10.0

Tell = Callable[[str], None]

DESCRIBE = """
    SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000,
           current_schema()::text, pg_database_size(current_database()), to_regclass(%s) IS NOT NULL
"""


@dataclasses.dataclass(frozen=True)
class Source:
    """The database that is backed up."""

    version: str
    major: int
    schema: str
    size: int
    has_kolibri: bool


def create(place: str, kind: str, reason: str, tell: Tell) -> str:
    """Back up the database of this process; returns the path of the file.

    Needs the lock of backups.

    :param place: the folder.
    :param kind: one of :data:`manifest.KINDS`.
    :param reason: why, for people.
    :raises KolibriAzureError: when it fails. Nothing incomplete has the name of a backup.
    """
    with _reading() as session:
        sessions.end_leftover_dumps(session)
        source = describe(session)
        client = postgresql_client.require_client(source.major)
        folder.measure(place)
        catalogue.sweep(place)
        folder.require_room(place, source.size)
        tell(
            f"Backing up database {connections.current().config.name}, "
            f"{megabytes(source.size)}, with pg_dump {client.version}."
        )
        path = os.path.join(place, _free_name(place, kind) + DUMP)
        with removed_if_incomplete(place, path):
            made = _dump(session, source, client, path, tell)
            made = dataclasses.replace(made, kind=kind, reason=reason)
            manifest.write_durably(manifest.path_of(path, MANIFEST), made.encode())
            os.rename(path + PARTIAL, path)
        _sync_folder(place)
    tell(
        f"Backed up {counted(made.rows, 'row')} of {counted(len(made.counts), 'table')} in "
        f"{megabytes(made.file_bytes)}, in {made.seconds:.1f} s."
    )
    return path


@contextlib.contextmanager
def backup_lock(tell: Tell | None = None) -> Iterator[None]:
    """Write to the folder as the only process of the deployment.

    :param tell: says that this process waits until another is done. Without it, it does not wait.
    :raises BackupError: when another process writes.
    """
    lock = AdvisoryLock(LOCK_NAME)
    try:
        while not lock.try_acquire():
            holder = (lock.holder() or (0, "a session that has just ended"))[1]
            if tell is None:
                raise _already_writing(holder)
            tell(f"Another process writes a backup: {holder}. This one waits until it is done.")
            _wait_for(lock)
        yield
    finally:
        lock.release()


def _wait_for(lock: AdvisoryLock) -> None:
    with lock.session.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (lock.key,))


def _already_writing(holder: str) -> BackupError:
    return BackupError(
        "Another process writes a backup.",
        expected="one at a time in the deployment",
        found=holder,
        remedy="Wait until it is done:\nkolibri manage azure_backup list",
        code="backup-running",
    )


def describe(session: Any) -> Source:
    """The server and the database of a session."""
    with session.cursor() as cursor:
        cursor.execute(DESCRIBE, (TABLE,))
        version, major, schema, size, has_kolibri = cursor.fetchone()
    return Source(version.split()[0], major, schema or "public", size, has_kolibri)


@contextlib.contextmanager
def _reading() -> Iterator[Any]:
    """A session in one snapshot of the database."""
    session = open_session("backup")
    try:
        session.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
        with session.cursor() as cursor:
            # The session is idle while pg_dump works.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield session
    finally:
        session.close()


def _dump(
    session: Any, source: Source, client: postgresql_client.Client, path: str, tell: Tell
) -> Manifest:
    began, moment = time.monotonic(), manifest.now()
    config = connections.current().config
    if not source.has_kolibri:
        raise BackupError(
            "There is nothing to back up.",
            expected="a database that Kolibri has prepared",
            found=f"no table {TABLE} in database {config.name}",
            remedy="Start Kolibri once with the same settings: kolibri configure setup",
            code="backup-empty",
        )
    counts = tables.count_rows(session, source.schema)
    login = connections.current().credentials.current()
    connection = postgresql_client.connection(config, login, sessions.DUMP)
    command = [
        client.program("pg_dump"),
        connection.argument,
        "--format=custom",
        "--no-password",
        f"--schema={_quoted(source.schema)}",
        f"--snapshot={_snapshot(session)}",
        f"--lock-wait-timeout={LOCK_TIMEOUT}",
        *(
            f"--exclude-table-data={_quoted(source.schema)}.{_quoted(name)}"
            for name in tables.WITHOUT_ROWS
        ),
    ]
    with running(command, connection.environment, stdout=subprocess.PIPE) as dump:
        with manifest.open_private(path + PARTIAL) as file:
            size, digest = _copy(dump.output, file, tell)
            file.flush()
            os.fsync(file.fileno())
        dump.finish()
    return Manifest(
        name=os.path.basename(path).removesuffix(DUMP),
        created_at=manifest.format_time(moment),
        kind="",
        reason="",
        kolibri=_version_of_data(session) or kolibri.__version__,
        plugin=kolibri_azure_plugin.__version__,
        server=source.version,
        client=client.version,
        database=config.name,
        schema=source.schema,
        counts=counts,
        database_bytes=source.size,
        file_bytes=size,
        sha256=digest,
        seconds=round(time.monotonic() - began, 1),
    )


def _version_of_data(session: Any) -> str:
    """The Kolibri that the tables are of: before an upgrade, an older one than this."""
    return str(State(session).get(KOLIBRI_VERSION) or "")


def _snapshot(session: Any) -> str:
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])


def _copy(source: IO[bytes], target: IO[bytes], tell: Tell) -> tuple[int, str]:
    """Copy to the end; returns the number of bytes, and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    next_line = time.monotonic() + PROGRESS_SECONDS
    while chunk := source.read(CHUNK):
        target.write(chunk)
        digest.update(chunk)
        size += len(chunk)
        if time.monotonic() > next_line:
            next_line = time.monotonic() + PROGRESS_SECONDS
            tell(f"Written so far: {megabytes(size)}.")
    return size, digest.hexdigest()


@contextlib.contextmanager
def removed_if_incomplete(place: str, path: str) -> Iterator[None]:
    """Remove what is incomplete, and explain the failure."""
    try:
        yield
    except BaseException as error:
        _remove_incomplete(path)
        if isinstance(error, OSError):
            if error.errno in share.NO_ROOM:
                raise folder.no_room(place, f"{error.strerror}; the part is removed") from error
            raise folder.explain(place, error) from error
        if isinstance(error, ProgramError):
            raise BackupError(
                "pg_dump could not back up the database.",
                expected="a user that may read every table of Kolibri",
                found=str(error),
                remedy="Fix what the message says, then try again:\n"
                "kolibri manage azure_backup create",
                code="backup-dump-failed",
            ) from error
        raise


def _remove_incomplete(path: str) -> None:
    """Remove the parts of a backup, unless its file may have its name already.

    A share can report a failure of a renaming that it has done. The file then needs its manifest.
    A later backup removes the parts that stay without their file.
    """
    beside = manifest.path_of(path, MANIFEST)
    with contextlib.suppress(OSError):
        os.unlink(path + PARTIAL)
        for each in (beside + PARTIAL, beside):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(each)


def _free_name(place: str, kind: str) -> str:
    """A name that no file of the folder has."""
    name = base = f"kolibri-{manifest.now():%Y%m%dT%H%M%SZ}-{kind}"
    number = 1
    while any(os.path.lexists(os.path.join(place, name + end)) for end in (DUMP, MANIFEST)):
        number += 1
        name = f"{base}-{number}"
    return name


def _sync_folder(place: str) -> None:
    """Make the names durable, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _quoted(name: str) -> str:
    """A name as pg_dump's patterns spell it."""
    return '"' + name.replace('"', '""') + '"'
