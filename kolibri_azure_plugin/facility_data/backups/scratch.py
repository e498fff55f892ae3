"""A database on the same server in which a backup is tried out, and which is removed again."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2 import sql

from kolibri_azure_plugin.database.config import DatabaseConfig
from kolibri_azure_plugin.database.connections import Database, login_parameters
from kolibri_azure_plugin.errors import BackupError

#: PostgreSQL cuts a name after this many bytes.
MAX_NAME = 63
MARK = "_verify_"

#: Databases of this name that belong to the user.
LEFTOVERS = """
    SELECT datname FROM pg_database
    WHERE datname ~ %s AND pg_has_role(datdba, 'USAGE')
"""


@contextlib.contextmanager
def scratch_database(session: Any, config: DatabaseConfig) -> Iterator[DatabaseConfig]:
    """An empty database during a `with` block. Only one process may use any at a time.

    :param session: a connection to Kolibri's database in autocommit mode.
    :raises BackupError: when the user may not create one.
    """
    remove_leftovers(session, config.name)
    name = f"{_stem(config.name)}{MARK}{uuid.uuid4().hex[:12]}"
    _create(session, name, config)
    try:
        yield dataclasses.replace(config, name=name)
    except BaseException:
        # If the server can't be reached any more, what ended the block says so. Housekeeping
        # removes the database.
        with contextlib.suppress(psycopg2.Error):
            _drop(session, name)
        raise
    _drop(session, name)


def remove_leftovers(session: Any, database: str) -> int:
    """Remove what killed processes left; returns how many databases. Needs the lock of `verifying`.

    :param database: the name of Kolibri's database.
    """
    with session.cursor() as cursor:
        cursor.execute(LEFTOVERS, (f"^{re.escape(_stem(database))}{MARK}[0-9a-f]{{12}}$",))
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        _drop(session, name)
    return len(names)


def connect(database: Database, config: DatabaseConfig) -> Any:
    """A session in the scratch database, with the login that Kolibri's own session has."""
    return psycopg2.connect(
        **config.connection_parameters(), **login_parameters(database.credentials.current())
    )


def _create(session: Any, name: str, config: DatabaseConfig) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        with session.cursor() as cursor:
            cursor.execute(statement.format(sql.Identifier(name)))
    except psycopg2.errors.InsufficientPrivilege as error:
        raise BackupError(
            "The backup can't be tried out: the user may not create a database.",
            expected=f"the right CREATEDB for {config.user}; the file's checksum is right",
            found=str(error).strip(),
            remedy="As an administrator of the server:\n"
            f"psql -d postgres -c 'ALTER ROLE \"{config.user}\" CREATEDB'",
            code="backup-not-tried",
        ) from error


def _drop(session: Any, name: str) -> None:
    with session.cursor() as cursor:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        cursor.execute(statement.format(sql.Identifier(name)))


def _stem(database: str) -> str:
    return database[: MAX_NAME - len(MARK) - 12]
