"""Answers what a coach's page of a class asks for again and again while it is open.

It asks every two seconds for new notifications, and repeatedly when learners' own devices were last
synced.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Callable

from django.db import connections

from kolibri_azure_plugin.speed.coached_classes import only_class_asked_for
from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery
from kolibri_azure_plugin.wrapping import wraps

#: As in Kolibri (0.19.5, plugins/coach/api.py): how long a coach counts as polling, and the number
#: of such coaches from which on no more are noted.
POLLING_FOR = dt.timedelta(minutes=5)
MAX_COACHES = 10

#: Counts the coaches who polled lately, notes that this one did, and forgets the others. All parts
#: see the table as it was before the statement.
#: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
NOTE_COACH = """
WITH polling AS (
    SELECT COUNT(DISTINCT coach_id) AS coaches FROM {table} WHERE "timestamp" >= %(since)s
), noted AS (
    INSERT INTO {table} (coach_id, "timestamp")
    SELECT %(coach)s, %(now)s FROM polling WHERE coaches < %(most)s
), forgotten AS (
    DELETE FROM {table} USING polling WHERE "timestamp" < %(since)s AND coaches < %(most)s
)
SELECT coaches FROM polling
"""


def note_coach_at_once(list_: Callable[..., Any]) -> Callable[..., Any]:
    """Replace ``ClassroomNotificationsViewset.list``."""
    from rest_framework.response import Response

    @wraps(list_)
    def list_notifications(self: Any, request: Any, *_: Any, **__: Any) -> Any:
        queryset = self.filter_queryset(self.get_queryset())
        polling = _note_coach(request.user.id)
        limit = self.check_limit()
        more_results = bool(limit) and queryset.order_by("-timestamp")[limit:].exists()
        return Response(
            {
                "results": self.serialize(queryset),
                "coaches_polling": polling,
                "more_results": more_results,
            }
        )

    return list_notifications


def _note_coach(coach: str) -> int:
    """Note that a coach polls; return the number of coaches who did so lately."""
    from kolibri.core.fields import create_timezonestamp
    from kolibri.core.notifications.models import NotificationsLog
    from kolibri.utils.time_utils import local_now

    values = {
        "coach": coach,
        "now": create_timezonestamp(local_now()),
        "since": create_timezonestamp(dt.datetime.now() - POLLING_FOR),  # noqa: DTZ005
        "most": MAX_COACHES,
    }
    connection = connections[NotificationsLog.objects.db]
    table = connection.ops.quote_name(NotificationsLog._meta.db_table)  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.execute(NOTE_COACH.format(table=table), values)
        polling: int = cursor.fetchone()[0]
    return polling


def list_statuses_of_class(list_: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``UserSyncStatusViewSet.list``."""
    from kolibri.core.device.utils import get_device_setting
    from rest_framework.response import Response

    @wraps(list_)
    def list_statuses(self: Any, request: Any, *arguments: Any, **keywords: Any) -> Any:
        classroom = only_class_asked_for(request, "member_of")
        if classroom is None or get_device_setting("subset_of_users_device"):
            return list_(self, request, *arguments, **keywords)
        rows = _statuses.rows(classroom=classroom)
        return Response([self._map_fields(each) for each in rows])

    return list_statuses


def _read_statuses(classroom: str) -> Any:
    from kolibri.core.device.api import UserSyncStatusViewSet
    from kolibri.core.device.models import UserSyncStatus

    viewset = UserSyncStatusViewSet()
    of_class = UserSyncStatus.objects.filter(user__memberships__collection=classroom)
    return viewset.annotate_queryset(of_class).values(*viewset.values)


_statuses = CompiledQuery(_read_statuses)
