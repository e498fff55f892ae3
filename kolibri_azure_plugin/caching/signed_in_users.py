"""Who is signed in, with what each request asks of a user.

Kolibri keeps the user of a session for a while (0.19.5, core/auth/middleware.py), and asks the
database at each request for two rows that belong to the user: the rights on the device, and the
settings of the facility. Here they come along, in one query, and are kept as long as the user:
two seconds (freshness.py).
"""

from __future__ import annotations

from typing import Any, Callable

from django.core.cache import cache
from django.db.models.signals import post_delete, post_save

BELONGINGS = ("dataset", "devicepermissions")


def read_with_belongings(read: Callable[..., Any]) -> Callable[..., Any]:  # noqa: ARG001
    """Wrap ``FacilityUserBackend.get_user``."""

    def get_user(self: Any, user_id: Any) -> Any:  # noqa: ARG001
        from kolibri.core.auth.models import FacilityUser

        try:
            return FacilityUser.objects.select_related(*BELONGINGS).get(pk=user_id)
        except FacilityUser.DoesNotExist:
            return None

    return get_user


def forget_what_changes() -> None:
    """Have this process see at once what it changes itself, as it does of the user's own row."""
    from kolibri.core.auth.models import FacilityDataset
    from kolibri.core.device.models import DevicePermissions

    for change in (post_save, post_delete):
        change.connect(_forget_user, sender=DevicePermissions)
        change.connect(_forget_all_users, sender=FacilityDataset)


def _forget_user(sender: Any, instance: Any, **_: Any) -> None:  # noqa: ARG001
    from kolibri.core.auth.middleware import USER_SESSION_CACHE_KEY

    cache.delete(USER_SESSION_CACHE_KEY.format(instance.user_id))


def _forget_all_users(sender: Any, **_: Any) -> None:  # noqa: ARG001
    cache.forget_fresh()
