"""Django's `migrate`: one at a time in the deployment, and each migration whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.database.config import ENGINE
from kolibri_azure_plugin.database.migrations.atomic import AtomicExecutor
from kolibri_azure_plugin.database.migrations.unrecorded import finish_records
from kolibri_azure_plugin.database.sessions import WHEN_ABANDONED, set_parameters
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.fail_closed import fail_closed
from kolibri_azure_plugin.instances.startup_lock import startup_lock
from kolibri_azure_plugin.provisioning.provision import require_setup_settings

LOCK_NAME = "migration lock"

#: Options with which the schema does not change.
NO_SCHEMA_CHANGE_OPTIONS = ("plan", "check_unapplied", "fake")


class Command(migrate.Command):
    """Every migration goes through this command, because Kolibri calls it by name."""

    def handle(self, *args: Any, **options: Any) -> None:
        changes_schema = not any(options[name] for name in NO_SCHEMA_CHANGE_OPTIONS)
        # A new plugin or a repair migrates a single app, and needs no setup.
        if changes_schema and not options["app_label"]:
            with fail_closed():
                require_setup_settings()
        connection = connections[options["database"]]
        if connection.settings_dict["ENGINE"] != ENGINE:
            super().handle(*args, **options)
            return
        with _explained(), startup_lock(), _wait_for_orphans(connection), _atomic_migrations():
            if changes_schema:
                finish_records(connection)
            super().handle(*args, **options)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Print instructions, where Kolibri would print a traceback."""
    try:
        yield
    except KolibriAzureError:
        with fail_closed():
            raise


@contextlib.contextmanager
def _atomic_migrations() -> Iterator[None]:
    """Have Django's command commit each migration together with its record.

    The command finds its executor by a name in its module, and has no hook for another.
    """
    with fail_closed():
        stock = migrate.MigrationExecutor
    migrate.MigrationExecutor = AtomicExecutor
    try:
        yield
    finally:
        migrate.MigrationExecutor = stock


@contextlib.contextmanager
def _wait_for_orphans(connection: Any) -> Iterator[None]:
    """Wait for the session of a migration whose process was killed.

    The server finishes the statement of a killed client before it notices that the client is gone.
    So the migrating session itself keeps a lock.
    """
    key = AdvisoryLock(LOCK_NAME).key
    with connection.cursor() as cursor:
        set_parameters(cursor, WHEN_ABANDONED)
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
