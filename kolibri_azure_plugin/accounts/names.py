"""One name, one account, however many make it at once.

Kolibri asks whether a name is free, and makes the account after that; whoever asks in between is
told the same. A constraint would refuse too much: two schools may rightly sync one name each, and
both accounts stay. So whoever makes or renames an account locks the name until that is saved for
everybody to see, and asks once more.
"""

from __future__ import annotations

from typing import Any, Callable

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from kolibri_azure_plugin.instances.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.wrapping import wraps

#: The code that Kolibri's pages know (0.19.5, core/error_constants.py).
NAME_IS_TAKEN = "USERNAME_ALREADY_EXISTS"


class NameIsTakenError(ValidationError):
    """Somebody else has just made an account of this name.

    Kolibri's own ``create_user`` raises Django's error with these words, and so does this.
    """

    def __init__(self) -> None:
        super().__init__("An account with that username already exists.", code=NAME_IS_TAKEN)


def make_a_name_once(save: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``FacilityUser.save``, through which every account goes."""

    @wraps(save)
    def save_under_lock(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if _brought_by_a_sync(*arguments, **keywords) or _leaves_the_name(**keywords):
            return save(self, *arguments, **keywords)
        with transaction.atomic():
            if _is_new_name(self):
                _lock(self)
                _require_free(self)
            return save(self, *arguments, **keywords)

    return save_under_lock


def _brought_by_a_sync(update_dirty_bit_to: Any = True, *_others: Any, **_keywords: Any) -> bool:
    """What a sync brings is saved as clean, and is right as it is."""
    return update_dirty_bit_to is False


def _leaves_the_name(update_fields: Any = None, **_keywords: Any) -> bool:
    return update_fields is not None and "username" not in update_fields


def _is_new_name(user: Any) -> bool:
    """False for most saves: of an account that keeps its name."""
    if user.pk is None:
        return True
    stored = type(user).all_objects.filter(pk=user.pk).values_list("username", flat=True).first()
    return bool(stored != user.username)


def _lock(user: Any) -> None:
    """Let one transaction at a time have the name; it ends with the transaction."""
    name = user.username.upper().casefold()
    key = AdvisoryLock(f"account {user.facility_id} {name}").key
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _require_free(user: Any) -> None:
    others = type(user).objects.filter(username__iexact=user.username, facility_id=user.facility_id)
    if others.exclude(pk=user.pk).exists():
        raise NameIsTakenError
