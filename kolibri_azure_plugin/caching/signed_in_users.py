"""Who is signed in, with what each request asks of a user.

Kolibri keeps the user of a session for a while (0.19.5, core/auth/middleware.py), and asks the
database at each request what belongs to the user. Here two things of it come along, in one query,
and are kept as long as the user, which is two seconds (freshness.py): the settings of the
facility, and that somebody has no rights. Who has some is asked about at each request as before.
So a right that is taken away ends at once, and one that is given may take two seconds.
"""

from __future__ import annotations

from typing import Any, Callable

from django.core.cache import cache
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_delete, post_save

from kolibri_azure_plugin.wrapping import wraps

#: On a user who was read for a session: whether there is any role.
HAS_ROLES = "azure_has_roles"


def read_with_belongings(read: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``FacilityUserBackend.get_user``."""

    @wraps(read)
    def get_user(self: Any, user_id: Any) -> Any:  # noqa: ARG001
        from kolibri.core.auth.models import FacilityUser, Role

        has_roles = Exists(Role.objects.filter(user_id=OuterRef("pk")))
        users = FacilityUser.objects.select_related("dataset", "devicepermissions")
        try:
            user = users.annotate(**{HAS_ROLES: has_roles}).get(pk=user_id)
        except FacilityUser.DoesNotExist:
            return None
        if hasattr(user, "devicepermissions"):
            FacilityUser.devicepermissions.related.delete_cached_value(user)
        return user

    return get_user


def nobody_without_role_is_admin(is_admin: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap ``_user_is_admin_for_own_facility``, which looks for the facility first."""

    @wraps(is_admin)
    def user_is_admin_for_own_facility(user: Any, obj: Any = None) -> bool:
        if _has_no_role(user) and not user.is_superuser:
            return False
        return is_admin(user, obj)

    return user_is_admin_for_own_facility


def nothing_is_readable_without_role(readable: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``RoleBasedPermissions.readable_by_user_filter``."""
    from kolibri.core.auth.permissions.base import q_none

    @wraps(readable)
    def readable_by_user_filter(self: Any, user: Any) -> Any:
        return q_none if _has_no_role(user) else readable(self, user)

    return readable_by_user_filter


def _has_no_role(user: Any) -> bool:
    """True when it is known; who was not read for a session may have one or not."""
    return getattr(user, HAS_ROLES, None) is False


def forget_what_changes() -> None:
    """Have this process see at once what it changes itself, as it does of the user's own row."""
    from kolibri.core.auth.models import FacilityDataset, Role
    from kolibri.core.device.models import DevicePermissions

    for change in (post_save, post_delete):
        change.connect(_forget_user, sender=DevicePermissions)
        change.connect(_forget_user, sender=Role)
        change.connect(_forget_all_users, sender=FacilityDataset)


def _forget_user(sender: Any, instance: Any, **_: Any) -> None:  # noqa: ARG001
    from kolibri.core.auth.middleware import USER_SESSION_CACHE_KEY

    cache.delete(USER_SESSION_CACHE_KEY.format(instance.user_id))


def _forget_all_users(sender: Any, **_: Any) -> None:  # noqa: ARG001
    cache.forget_fresh()
