"""Where Kolibri's views leave what a coach is to be told: in the transaction of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from kolibri_azure_plugin.notifications import drainer, outbox
from kolibri_azure_plugin.notifications.calls import call_of, can_be_kept
from kolibri_azure_plugin.wrapping import wraps


def keep_with_the_work(remember: Callable[..., None]) -> Callable[..., None]:
    """Wrap ``wrap_to_save_queue``, which puts a call in a list of the process.

    What no table can hold, such as another plugin's function, still goes there.
    """

    @wraps(remember)
    def keep(function: Any, *positional: Any, **keywords: Any) -> None:
        if not can_be_kept(function, (*positional, *keywords.values())):
            remember(function, *positional, **keywords)
            return
        from django.db import connection, transaction

        outbox.make_table()
        connection.write_before_commit(_write, (function, positional, keywords))
        transaction.on_commit(drainer.wake)

    return keep


def _write(connection: Any, items: Sequence[tuple[Any, Any, Any]]) -> None:
    """Only now have new logs their ids."""
    outbox.insert(connection, [call_of(*item) for item in items])
