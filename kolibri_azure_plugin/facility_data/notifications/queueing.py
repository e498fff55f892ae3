"""Queues the notifications of Kolibri's views, in the transaction of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from kolibri_azure_plugin.facility_data.notifications import drainer, outbox
from kolibri_azure_plugin.facility_data.notifications.calls import is_serializable, snapshot_call
from kolibri_azure_plugin.wrapping import wraps


def queue_in_transaction(remember: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``wrap_to_save_queue``, which adds a call to a list in the process.

    A call that can't be serialised, such as one of another plugin's function, still goes there.
    """

    @wraps(remember)
    def keep(function: Any, *positional: Any, **keywords: Any) -> None:
        if not is_serializable(function, (*positional, *keywords.values())):
            remember(function, *positional, **keywords)
            return
        from django.db import connection, transaction

        outbox.make_table()
        connection.write_before_commit(_write, (function, positional, keywords))
        transaction.on_commit(drainer.wake)

    return keep


def _write(connection: Any, items: Sequence[tuple[Any, Any, Any]]) -> None:
    """Insert the calls just before the commit. New logs have no id before that."""
    outbox.insert(connection, [snapshot_call(*item) for item in items])
