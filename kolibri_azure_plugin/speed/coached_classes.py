"""Checks with one short statement whether a user may see a class and all its work.

Kolibri's pages for coaches read the class, then look for a role, and then filter the work of the
class by the roles again. A coach of the class or of its facility may read all of it (0.19.5,
RoleBasedPermissions of Lesson, Exam, DraftExam and UserSyncStatus), so one check is enough. It is
made in each request. If it fails, Kolibri's own checks decide.
"""

from __future__ import annotations

from typing import Any, Callable

from django.db.models import Exists, Q

from kolibri_azure_plugin.speed.compiled_queries import ID, CompiledQuery
from kolibri_azure_plugin.wrapping import wraps

#: The attribute of a request with the class that its user was found to coach.
COACHED = "azure_coached_class"


def coaches(user: Any, classroom: object) -> bool:
    """True for a superuser, and for an admin or coach of the class's facility or of the class.

    :param classroom: what a request names as the id of a class.
    """
    if user.is_anonymous or not isinstance(classroom, str) or not ID.fullmatch(classroom):
        return False
    if user.is_superuser:
        return bool(_existing.rows(classroom=classroom))
    return bool(
        _coached.rows(
            user=user.id, facility=user.facility_id, dataset=user.dataset_id, classroom=classroom
        )
    )


def only_class_asked_for(request: Any, parameter: str) -> str | None:
    """The class in the only query parameter of a GET request, if its user coaches that class."""
    if request.method != "GET":
        return None
    asked = [*request.query_params.lists()]
    if len(asked) != 1 or asked[0][0] != parameter or len(asked[0][1]) != 1:
        return None
    classroom: str = asked[0][1][0]
    return classroom if coaches(request.user, classroom) else None


def check_class_once(has_permission: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap ``ClassSummaryPermissions.has_permission``."""

    @wraps(has_permission)
    def has_class_permission(self: Any, request: Any, view: Any) -> bool:
        classroom = view.kwargs.get("pk")
        if coaches(request.user, classroom):
            setattr(request, COACHED, classroom)
            return True
        return has_permission(self, request, view)

    return has_class_permission


def check_notified_class_once(has_permission: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap ``ClassroomNotificationsPermissions.has_permission``."""

    @wraps(has_permission)
    def has_class_permission(self: Any, request: Any, view: Any) -> bool:
        classroom = view.kwargs.get("classroom_id")
        return coaches(request.user, classroom) or has_permission(self, request, view)

    return has_class_permission


def _read_existing(classroom: str) -> Any:
    from kolibri.core.auth.models import Classroom

    return Classroom.objects.filter(id=classroom).values("id")


def _read_coached(user: str, facility: str, dataset: str, classroom: str) -> Any:
    from kolibri.core.auth.constants.role_kinds import ADMIN, COACH
    from kolibri.core.auth.models import Classroom, Role

    of_facility = Q(collection_id=facility, kind__in=(ADMIN, COACH))
    of_class = Q(collection_id=classroom, kind=COACH)
    roles = Role.objects.filter(of_facility | of_class, user_id=user)
    return Classroom.objects.filter(Exists(roles), id=classroom, dataset_id=dataset).values("id")


_existing = CompiledQuery(_read_existing)
_coached = CompiledQuery(_read_coached)
