"""Keeps usernames unique when several requests create the same name at once.

Kolibri checks whether a name is free and then creates the account, so two requests at once can both
find it free. A constraint would reject too much: two devices may each sync an account of the same
name, and both accounts stay. So a request that creates or renames an account locks the name until
its transaction is committed, and checks again.
"""

from __future__ import annotations

from typing import Any, Callable

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.wrapping import wraps

#: The code that Kolibri's frontend expects (0.19.5, core/error_constants.py).
USERNAME_TAKEN = "USERNAME_ALREADY_EXISTS"


class UsernameTakenError(ValidationError):
    """Another request has just created an account of this name.

    The error and its text are those of Kolibri's ``create_user``.
    """

    def __init__(self) -> None:
        super().__init__("An account with that username already exists.", code=USERNAME_TAKEN)


def require_unique_username(save: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``FacilityUser.save``, which saves every account."""

    @wraps(save)
    def save_under_lock(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if _is_from_sync(*arguments, **keywords) or _keeps_username(**keywords):
            return save(self, *arguments, **keywords)
        with transaction.atomic():
            if _is_new_name(self):
                _lock(self)
                _require_free(self)
            return save(self, *arguments, **keywords)

    return save_under_lock


def _is_from_sync(update_dirty_bit_to: Any = True, *_others: Any, **_keywords: Any) -> bool:
    """True for records from a sync, which are saved as clean and must stay as they are."""
    return update_dirty_bit_to is False


def _keeps_username(update_fields: Any = None, **_keywords: Any) -> bool:
    return update_fields is not None and "username" not in update_fields


def _is_new_name(user: Any) -> bool:
    """False for most saves, which keep the account's name."""
    if user.pk is None:
        return True
    stored = type(user).all_objects.filter(pk=user.pk).values_list("username", flat=True).first()
    return bool(stored != user.username)


def _lock(user: Any) -> None:
    """Lock the name until the end of the transaction."""
    name = user.username.upper().casefold()
    key = AdvisoryLock(f"account {user.facility_id} {name}").key
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _require_free(user: Any) -> None:
    others = type(user).objects.filter(username__iexact=user.username, facility_id=user.facility_id)
    if others.exclude(pk=user.pk).exists():
        raise UsernameTakenError
