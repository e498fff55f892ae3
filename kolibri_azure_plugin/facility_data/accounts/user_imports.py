"""Makes an import of a user list continue after a row that fails.

Kolibri's command (0.19.5, core/auth/management/commands/bulkimportusers.py) saves all checked rows
in one loop. The first row that fails there ends the import half-way, before any user is in a class.
The command has no hooks, so this wraps its methods.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.database.postgresql.storable import DoesNotFitError
from kolibri_azure_plugin.facility_data.accounts.usernames import UsernameTakenError
from kolibri_azure_plugin.wrapping import wraps

#: Attributes of a command: the lists that it is about to save, and the rows that failed then.
LISTS = "_azure_lists"
REFUSED = "_azure_refused"


def read_without_nul(open_for_reading: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``open_csv_for_reading``, and drop NULs, which mostly come from another encoding."""

    @wraps(open_for_reading)
    @contextlib.contextmanager
    def open_without_nul(*arguments: Any, **keywords: Any) -> Iterator[_WithoutNul]:
        with open_for_reading(*arguments, **keywords) as file:
            yield _WithoutNul(file)

    return open_without_nul


class _WithoutNul:
    """The part of a file's interface that Kolibri uses."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __iter__(self) -> Iterator[str]:
        return (line.replace("\0", "") for line in self._file)

    def readlines(self) -> list[str]:
        return list(self)


def build_with_renames(build: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``Command.build_users_objects``, which fails on each row that renames a user.

    It looks for an account with the new name, and there is none.
    """

    @wraps(build)
    def build_all(self: Any, users: dict[str, Any]) -> Any:
        renamed = _renamed(self, users)
        others = {name: row for name, row in users.items() if name not in renamed}
        new, updated, kept, errors = build(self, others)
        not_renamed = []
        for name, user in renamed.items():
            user.date_deleted = None
            kept.append(user)
            if _is_username_taken(name, user):
                not_renamed.append(user)
                errors.append(_duplicated(name, users[name]["position"]))
            elif self.compare_fields(user, self.get_field_values(users[name])):
                updated.append(user)
        setattr(self, LISTS, (new, updated, kept, not_renamed))
        return new, updated, kept, errors

    return build_all


def _renamed(command: Any, users: dict[str, Any]) -> dict[str, Any]:
    """The accounts that a row renames, by their new names."""
    from kolibri.core.auth.models import FacilityUser

    column = command.header_translation["UUID"]
    ids = {name: row[column] for name, row in users.items() if row[column]}
    accounts = FacilityUser.all_objects.filter(facility=command.default_facility)
    named = accounts.in_bulk(set(ids.values()))
    return {
        name: named[account]
        for name, account in ids.items()
        if account in named and named[account].username != name
    }


def _is_username_taken(name: str, user: Any) -> bool:
    others = type(user).all_objects.filter(username__iexact=name, facility_id=user.facility_id)
    return bool(others.exclude(pk=user.pk).exists())


def save_one_by_one(delete_users: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``Command.delete_users``, the last step before the accounts are saved.

    Save each account here, and drop those that fail from the lists that Kolibri processes next.
    """

    @wraps(delete_users)
    def delete_then_save(self: Any, users: Any) -> Any:
        result = delete_users(self, users)
        new, updated, kept, not_renamed = getattr(self, LISTS, ([], [], [], []))
        for user in not_renamed:
            # In this list, they escaped deletion. If they stayed, they would lose their classes.
            _leave_out(user, kept)
        refused: list[dict[str, Any]] = []
        for user in [*new, *updated]:
            try:
                user.save()
            except UsernameTakenError:
                refused.append(_duplicated(user.username))
            except DoesNotFitError:
                # Kolibri's checks have already reported this row.
                pass
            else:
                continue
            _leave_out(user, new, updated, kept)
        setattr(self, REFUSED, refused)
        return result

    return delete_then_save


def _leave_out(user: Any, *lists: list[Any]) -> None:
    """Remove a user from the lists, in place, because Kolibri keeps using them."""
    for accounts in lists:
        accounts[:] = [each for each in accounts if each is not user]


def report_refused_rows(output_messages: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``Command.output_messages``."""

    @wraps(output_messages)
    def output_all(self: Any, per_line_errors: list[Any], *arguments: Any, **keywords: Any) -> Any:
        errors = per_line_errors + getattr(self, REFUSED, [])
        return output_messages(self, errors, *arguments, **keywords)

    return output_all


def _duplicated(name: str, row: Any = None) -> dict[str, Any]:
    """Kolibri's error for a username that is taken."""
    from kolibri.core.auth.management.commands.bulkimportusers import DUPLICATED_USERNAME, MESSAGES

    return {
        "row": name if row is None else row,
        "username": name,
        "message": MESSAGES[DUPLICATED_USERNAME],
        "field": "USERNAME",
        "value": name,
    }
