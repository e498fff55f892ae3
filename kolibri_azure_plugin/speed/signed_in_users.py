"""Loads the signed-in user together with the related data that each request needs.

Kolibri caches the user of a session (0.19.5, core/auth/middleware.py), but queries related data in
each request. Here, one query also loads the facility's settings, and whether the user has no rights
at all. Both are cached with the user, for two seconds (freshness.py). The rights of all other users
are still queried in each request. So revoking a right takes effect at once, and granting one within
two seconds.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_delete, post_save

from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery
from kolibri_azure_plugin.wrapping import wraps

#: The attribute of a user loaded for a session that shows whether the user has any role.
HAS_ROLES = "azure_has_roles"

#: Prefixes and names of the columns that are read with the user's.
DATASET, PERMISSIONS = "dataset__", "devicepermissions__pk"


def get_user_with_related(read: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``FacilityUserBackend.get_user``."""

    @wraps(read)
    def get_user(self: Any, user_id: Any) -> Any:  # noqa: ARG001
        rows = _USER.rows(user=str(user_id))
        return _user_of(rows[0]) if rows else None

    return get_user


def _query(user: str) -> Any:
    from kolibri.core.auth.models import FacilityDataset, FacilityUser, Role

    has_roles = Exists(Role.objects.filter(user_id=OuterRef("pk")))
    return (
        FacilityUser.objects.filter(pk=user)
        .annotate(**{HAS_ROLES: has_roles})
        .values(
            *_columns(FacilityUser),
            *(DATASET + column for column in _columns(FacilityDataset)),
            PERMISSIONS,
            HAS_ROLES,
        )
    )


_USER = CompiledQuery(_query)


def _user_of(row: dict[str, Any]) -> Any:
    """The user, with the dataset, as Django makes them from a row with `select_related`."""
    from kolibri.core.auth.models import FacilityDataset, FacilityUser

    user = _instance(FacilityUser, row, "")
    FacilityUser.dataset.field.set_cached_value(user, _instance(FacilityDataset, row, DATASET))
    if row[PERMISSIONS] is None:
        # There are none. If there are any, each request reads them.
        FacilityUser.devicepermissions.related.set_cached_value(user, None)
    setattr(user, HAS_ROLES, row[HAS_ROLES])
    return user


def _instance(model: Any, row: dict[str, Any], prefix: str) -> Any:
    columns = _columns(model)
    return model.from_db(DEFAULT_DB_ALIAS, columns, [row[prefix + column] for column in columns])


@functools.cache
def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - documented


def answer_from_known_user(respond: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``SessionViewSet.get_session_response``, which reads the user's roles and dataset.

    It reads the dataset through Kolibri's own cache of datasets, to save when the user was active.
    """
    from kolibri.core.auth.models import AbstractFacilityDataModel, Role, dataset_cache

    @wraps(respond)
    def get_session_response(self: Any, request: Any) -> Any:
        user = request.user
        if user.is_anonymous:
            return respond(self, request)
        if _has_no_role(user):
            user._prefetched_objects_cache = {"roles": Role.objects.none()}  # noqa: SLF001
        table = user._meta.db_table  # noqa: SLF001 - Django documents it as public
        key = AbstractFacilityDataModel.get_related_dataset_cache_key(user.pk, table)
        with dataset_cache:
            dataset_cache.set(key, user.dataset_id)
            return respond(self, request)

    return get_session_response


def _has_no_role(user: Any) -> bool:
    """True when the user is known to have no role. Only users loaded for a session are known."""
    return getattr(user, HAS_ROLES, None) is False


def connect_invalidation_signals() -> None:
    """Make changes by this process visible to it at once, as Kolibri does for the user's row."""
    from kolibri.core.auth.models import FacilityDataset, Role
    from kolibri.core.device.models import DevicePermissions

    for change in (post_save, post_delete):
        change.connect(_invalidate_user, sender=DevicePermissions)
        change.connect(_invalidate_user, sender=Role)
        change.connect(_invalidate_all_users, sender=FacilityDataset)


def _invalidate_user(sender: Any, instance: Any, **_: Any) -> None:  # noqa: ARG001
    from kolibri.core.auth.middleware import USER_SESSION_CACHE_KEY

    cache.delete(USER_SESSION_CACHE_KEY.format(instance.user_id))


def _invalidate_all_users(sender: Any, **_: Any) -> None:  # noqa: ARG001
    cache.forget_fresh()
