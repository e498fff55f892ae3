"""Removes expired sessions, and expired entries of the cache in PostgreSQL."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.utils import timezone
from kolibri.core.auth.models import Session

from kolibri_azure_plugin.housekeeping.batches import remove_in_batches
from kolibri_azure_plugin.housekeeping.periods import Periods
from kolibri_azure_plugin.speed.postgresql import TABLE


def remove_expired_sessions(_periods: Periods) -> int:
    """Remove expired sessions, as Kolibri does only when its own web server starts."""
    return remove_in_batches(Session.objects.filter(expire_date__lt=timezone.now()))


def remove_expired_cache_entries(_periods: Periods) -> int:
    """Remove expired entries of the shared cache, if it is in PostgreSQL.

    Django does so only when it stores a value and there are 300 entries.
    """
    if settings.CACHES.get("process_cache", {}).get("LOCATION") != TABLE:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [TABLE])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(f"DELETE FROM {TABLE} WHERE expires < now()")  # noqa: S608
        return int(cursor.rowcount)
