"""Makes Kolibri's export of one user's data work for every user."""

from __future__ import annotations

import sys
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps


def skip_missing_records(handle: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``Command.handle`` of ``user_info``, which collects what belongs to a user.

    It expects that a user may lack one kind of record, the permissions of a device. A user lacks
    another one, the state of a sync, unless a device of this user alone has synced.
    """

    @wraps(handle)
    def handle_any_user(*arguments: Any, **options: Any) -> None:
        from django.core.exceptions import ObjectDoesNotExist

        class AnyRecord:
            DoesNotExist = ObjectDoesNotExist

        command = sys.modules[handle.__module__]
        # The command uses the name only to say which missing record is no error.
        expected = command.DevicePermissions  # type: ignore[attr-defined]
        command.DevicePermissions = AnyRecord  # type: ignore[attr-defined]
        try:
            handle(*arguments, **options)
        finally:
            command.DevicePermissions = expected  # type: ignore[attr-defined]

    return handle_any_user
