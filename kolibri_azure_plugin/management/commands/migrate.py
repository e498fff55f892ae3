"""Django's `migrate`, one at a time in the deployment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from kolibri_azure_plugin.database.config import ENGINE
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.instances.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.instances.one_starter import one_starter_at_a_time
from kolibri_azure_plugin.instances.sessions import WHEN_ABANDONED, set_parameters
from kolibri_azure_plugin.migrating.half_recorded import finish_records

LOCK_NAME = "migration lock"

#: Options with which nothing of the schema is changed.
ONLY_LOOKS_OR_RECORDS = ("plan", "check_unapplied", "fake")


class Command(migrate.Command):
    """Every way to a migration leads through this command: Kolibri calls it by its name."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.settings_dict["ENGINE"] != ENGINE:
            super().handle(*args, **options)
            return
        with _explained(), one_starter_at_a_time(), _after_orphans(connection):
            if not any(options[name] for name in ONLY_LOOKS_OR_RECORDS):
                finish_records(connection)
            super().handle(*args, **options)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Kolibri would print a traceback in place of what to do."""
    try:
        yield
    except KolibriAzureError:
        with fail_closed():
            raise


@contextlib.contextmanager
def _after_orphans(connection: Any) -> Iterator[None]:
    """Wait until the session of a migration is over whose process was killed.

    The server runs a killed client's statement to its end, and only then sees that nobody is there.
    So the session that migrates holds a lock itself.
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
