"""A migration and its record in one transaction.

If a migration creates foreign keys or indexes at its end, Django 3.2 records it only after the
transaction that changed the schema. It records the replacements of a squashed migration row by row.
A process that is killed in between leaves a database that no later start can migrate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db import ProgrammingError
from django.db.migrations.executor import MigrationExecutor
from django.db.transaction import atomic
from psycopg2 import errorcodes

from kolibri_azure_plugin.errors import DatabaseError

#: Migrations declared non-atomic that run in a transaction on PostgreSQL anyway. They
#: need to be non-atomic only on other databases.
ATOMIC_ON_POSTGRESQL = frozenset({("device", "0003_contentcachekey")})

#: PostgreSQL's errors for objects that already exist, or no longer do.
ALREADY_APPLIED_ERRORS = frozenset(
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
    """Whether a migration can be rolled back as a whole."""
    name = (migration.app_label, migration.name)
    return migration.atomic or name in ATOMIC_ON_POSTGRESQL


class AtomicExecutor(MigrationExecutor):
    """Commits a migration and its record together, or neither.

    Without it, a kill while Morango's tables were created made every later start fail on 3 of 3
    databases: relation already exists.
    """

    def apply_migration(
        self, state: Any, migration: Any, fake: bool = False, fake_initial: bool = False
    ) -> Any:
        with _one_transaction(self.connection, migration), _explained(migration):
            return super().apply_migration(state, migration, fake, fake_initial)

    def unapply_migration(self, state: Any, migration: Any, fake: bool = False) -> Any:
        with _one_transaction(self.connection, migration), _explained(migration):
            return super().unapply_migration(state, migration, fake)


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
        if getattr(error.__cause__, "pgcode", None) not in ALREADY_APPLIED_ERRORS:
            raise
        raise half_recorded_error(migration, str(error).strip()) from error


def half_recorded_error(migration: Any, found: str) -> DatabaseError:
    """The error for a database that only an administrator can repair.

    :param found: the state of the database, in PostgreSQL's words or in ours.
    """
    name = f"{migration.app_label} {migration.name}"
    return DatabaseError(
        f"Migration {migration.app_label}.{migration.name} can't be applied: the database is not "
        "in the state that the migrations before it create.",
        expected="a database in which each migration is applied and recorded, or not begun",
        found=found,
        remedy="Restore the database as it was before the start that was interrupted:\n"
        "az postgres flexible-server restore -g GROUP -n NEW_SERVER --source-server SERVER "
        "--restore-time TIME\n"
        "Only if you know that this migration is completely applied, record it and start again:\n"
        f"kolibri manage --skip-update migrate {name} --fake",
        code="migration-half-recorded",
    )
