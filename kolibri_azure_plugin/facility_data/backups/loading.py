"""Loads a backup into a database: pg_restore prints SQL, and psql runs it in one transaction.

This module sends COMMIT itself, after everything else has succeeded. psql's --single-transaction
commits at the end of its input: half of a backup, if the process that feeds it is killed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import IO, Any

from kolibri_azure_plugin.database.sessions import WHEN_ABANDONED
from kolibri_azure_plugin.facility_data.backups.postgresql_client import Client, Connection
from kolibri_azure_plugin.facility_data.backups.programs import ProgramError, Running, running

#: Kolibri's own objects in its schema. Owners and rights are those of the user that restores, and
#: everything outside of the schema belongs to the server's administrators.
OPTIONS = (
    "--file=-",
    "--no-owner",
    "--no-privileges",
    "--no-comments",
    "--no-publications",
    "--no-security-labels",
    "--no-subscriptions",
    "--no-tablespaces",
)

#: A setting at the beginning of what pg_restore prints. Version 17 sets transaction_timeout, which
#: older servers refuse.
SETTING = re.compile(rb"SET (\w+) = ")

#: The first line that is no longer the beginning.
BODY = (b"ALTER ", b"COPY ", b"CREATE ")

KNOWN_SETTINGS = "SELECT array_agg(name::text) FROM pg_settings"


class UnreadableDumpError(ProgramError):
    """pg_restore can't read the backup. Any other failure is the server's or the machine's."""


def known_settings(session: Any) -> set[bytes]:
    """The names of the settings that the server knows."""
    with session.cursor() as cursor:
        cursor.execute(KNOWN_SETTINGS)
        return {name.encode() for name in cursor.fetchone()[0]}


def load(
    client: Client,
    connection: Connection,
    dump: str,
    schema: str,
    settings: set[bytes],
    *,
    before: str = "",
    after: str = "",
) -> None:
    """Run `before`, the content of the backup and `after` in one transaction.

    :param connection: to the database to change.
    :param settings: those that the server knows.
    :raises UnreadableDumpError: when the backup itself can't be read.
    :raises ProgramError: when anything else failed. The database is as it was, too.
    """
    reading = [client.program("pg_restore"), *OPTIONS, f"--schema={schema}", dump]
    writing = [client.program("psql"), connection.argument, "--no-psqlrc", "--quiet"]
    writing += ["--no-password", "--set=ON_ERROR_STOP=1", "--file=-"]
    with running(writing, connection.environment, stdin=subprocess.PIPE) as psql:
        offline = _without_login(connection.environment)
        with running(reading, offline, stdout=subprocess.PIPE) as restore:
            _send(psql, f"{_when_abandoned(settings)}\nBEGIN;\n{before}\n".encode())
            _feed(restore, psql, settings)
            _require_all_read(restore)
        _send(psql, f"{after}\nCOMMIT;\n".encode())
        psql.finish()


def create_schema(schema: str) -> str:
    """The statement for a database that may lack the schema."""
    name = '"' + schema.replace('"', '""') + '"'
    return f"CREATE SCHEMA IF NOT EXISTS {name};"


def _when_abandoned(settings: set[bytes]) -> str:
    """Statements that make the server end the session, and its locks, if this machine is lost."""
    return "\n".join(
        f"SET {name} = {value};"
        for name, value in WHEN_ABANDONED.items()
        if name.encode() in settings
    )


def _feed(restore: Running, psql: Running, settings: set[bytes]) -> None:
    for line in _beginning(restore.output, settings):
        _send(psql, line)
    try:
        shutil.copyfileobj(restore.output, psql.input, 1 << 20)
    except BrokenPipeError:
        _raise_for(psql)


def _require_all_read(restore: Running) -> None:
    try:
        restore.finish()
    except ProgramError as error:
        if restore.was_killed:
            raise
        raise UnreadableDumpError(str(error)) from error


def _beginning(output: IO[bytes], settings: set[bytes]) -> Iterator[bytes]:
    """The lines up to the first statement that changes anything, without unknown settings."""
    for line in output:
        setting = SETTING.match(line)
        if setting is None or setting.group(1) in settings:
            yield line
        if line.startswith(BODY):
            return


def _send(psql: Running, text: bytes) -> None:
    try:
        psql.input.write(text)
        psql.input.flush()
    except BrokenPipeError:
        _raise_for(psql)


def _raise_for(psql: Running) -> None:
    """Raise psql's own message, which is the reason why it reads no further."""
    psql.finish()
    raise ProgramError("psql ended before the end of the backup")


def _without_login(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("PG")}
