"""A migration and its record in one transaction.

Django 3.2 records a migration after the transaction that changed the schema, wherever foreign keys
and indexes are made at its end, and records what a squashed migration replaces row by row. A
process that is killed in between leaves a database in which no later start gets past that place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

from django.db import ProgrammingError
from django.db.transaction import atomic
from psycopg2 import errorcodes

from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.wrapping import wraps

#: Migrations that declare themselves not atomic, which PostgreSQL runs in a transaction all the
#: same: what they do outside of one matters to other databases only.
ATOMIC_ON_POSTGRESQL = frozenset({("device", "0003_contentcachekey")})

#: How PostgreSQL puts it that something is there already, or gone already.
SIGNS_OF_HALF_A_RECORD = frozenset(
    {
        errorcodes.DUPLICATE_TABLE,
        errorcodes.DUPLICATE_COLUMN,
        errorcodes.DUPLICATE_OBJECT,
        errorcodes.UNDEFINED_TABLE,
        errorcodes.UNDEFINED_COLUMN,
        errorcodes.UNDEFINED_OBJECT,
    }
)


def is_one_transaction(migration: Any) -> bool:
    """Whether a migration may be rolled back as a whole."""
    name = (migration.app_label, migration.name)
    return migration.atomic or name in ATOMIC_ON_POSTGRESQL


def record_with_the_schema(migrate: Callable[..., Any]) -> Callable[..., Any]:
    """Around Django's `apply_migration` and `unapply_migration`: both or nothing is committed."""

    @wraps(migrate)
    def as_one(executor: Any, state: Any, migration: Any, *options: Any, **named: Any) -> Any:
        with _one_transaction(executor.connection, migration), _explained(migration):
            return migrate(executor, state, migration, *options, **named)

    return as_one


@contextlib.contextmanager
def _one_transaction(connection: Any, migration: Any) -> Iterator[None]:
    if not is_one_transaction(migration):
        yield
        return
    with atomic(connection.alias):
        yield


@contextlib.contextmanager
def _explained(migration: Any) -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.__cause__, "pgcode", None) not in SIGNS_OF_HALF_A_RECORD:
            raise
        raise half_recorded(migration, str(error).strip()) from error


def half_recorded(migration: Any, found: str) -> DatabaseError:
    """What an administrator is told of a database that can't be mended without them.

    :param found: what is there, in PostgreSQL's words or in ours.
    """
    name = f"{migration.app_label} {migration.name}"
    return DatabaseError(
        f"Migration {migration.app_label}.{migration.name} can't be done: the database is not as "
        "the migrations before it leave it.",
        expected="a database in which each migration is done and recorded, or not begun",
        found=found,
        remedy="Restore the database as it was before the start that was interrupted:\n"
        "az postgres flexible-server restore -g GROUP -n NEW_SERVER --source-server SERVER "
        "--restore-time TIME\n"
        "Only if you know that all of this migration is done, record it and start again:\n"
        f"kolibri manage --skip-update migrate {name} --fake",
        code="migration-half-recorded",
    )
