"""What visitors leave behind: their sessions, and answers in the cache in PostgreSQL."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.utils import timezone
from kolibri.core.auth.models import Session

from kolibri_azure_plugin.caching.postgresql import TABLE
from kolibri_azure_plugin.housekeeping.batches import remove_in_batches
from kolibri_azure_plugin.housekeeping.periods import Periods


def remove_expired_sessions(_periods: Periods) -> int:
    """Remove the sessions that have expired; Kolibri does so when its own web server starts."""
    return remove_in_batches(Session.objects.filter(expire_date__lt=timezone.now()))


def remove_expired_answers(_periods: Periods) -> int:
    """Remove what has expired in the shared cache, where PostgreSQL is the cache.

    Django does so when something is stored and there are 300 entries.
    """
    if settings.CACHES["process_cache"].get("LOCATION") != TABLE:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [TABLE])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(f"DELETE FROM {TABLE} WHERE expires < now()")  # noqa: S608
        return int(cursor.rowcount)
