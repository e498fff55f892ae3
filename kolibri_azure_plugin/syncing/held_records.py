"""Keeps the records of a transfer as they are while morango works on them.

Morango reads them in a transaction of isolation REPEATABLE READ, and changes them afterwards. When
a learner has changed one in between, PostgreSQL refuses the transaction, rightly: the change would
be lost. While a class is at work, that happens at nearly every try. So here the first statement of
the transaction takes the locks of these rows: whoever changes one waits for the transaction, which
takes a second or two, and the sync comes to an end.
"""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from morango.models import Store
from morango.registry import syncable_models
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ


@contextlib.contextmanager
def held_records(transfer: Any) -> Iterator[None]:
    """Within, each transaction of morango's begins by locking the records that it will change."""
    with connection.execute_wrapper(_HoldingFirst(transfer)):
        yield


class _HoldingFirst:
    """Goes around each statement; before the first of a transaction, it takes the locks.

    https://docs.djangoproject.com/en/3.2/topics/db/instrumentation/
    """

    def __init__(self, transfer: Any) -> None:
        self._transfer = transfer
        self._held = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        isolated = connection.isolation_level == ISOLATION_LEVEL_REPEATABLE_READ
        if isolated and connection.in_atomic_block and not self._held:
            # First, as the statements that take the locks come here as well.
            self._held = True
            transaction.on_commit(self._forget)
            _hold(self._transfer)
        return execute(sql, params, many, context)

    def _forget(self) -> None:
        self._held = False


def _hold(transfer: Any) -> None:
    profile, prefixes = transfer.sync_session.profile, list(transfer.get_filter())
    came = Store.objects.filter(_any_of("partition", prefixes), profile=profile, dirty_bit=True)
    for model in syncable_models.get_models(profile):
        records = model.syncing_objects
        went = records.filter(_any_of("_morango_partition", prefixes), _morango_dirty_bit=True)
        to_change = records.filter(
            pk__in=came.filter(model_name=model.morango_model_name).values("pk")
        )
        for some in (went, to_change):
            # Rows that refer to them can be made meanwhile.
            for _ in some.select_for_update(no_key=True).order_by().values_list("pk").iterator():
                pass


def _any_of(field: str, prefixes: list[str]) -> Q:
    each = (Q(**{f"{field}__startswith": prefix}) for prefix in prefixes)
    return functools.reduce(operator.or_, each)
