"""Locks the records of a transfer while Morango works on them.

Morango reads and then changes them in a REPEATABLE READ transaction. When a learner changes one in
between, PostgreSQL rejects the transaction, which would overwrite the change. While a class is at
work, that happens in nearly every attempt. So here the first statement of the transaction locks
these rows. Requests that change them wait for the transaction, which takes a second or two, and the
sync succeeds.

A row that changes between the transaction's snapshot and its lock still makes it fail. If that goes
on, the tables are locked, which PostgreSQL does before it takes the snapshot. No one can write to
them meanwhile.
"""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Iterator
from typing import Any, Callable

from django.db import connection, transaction
from django.db.models import Q
from morango.models import Store
from morango.registry import syncable_models
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

#: Milliseconds to wait for each table. PostgreSQL looks for deadlocks after 1000, and would end the
#: request of a learner instead of this attempt.
TABLE_WAIT = 700


@contextlib.contextmanager
def held_records(transfer: Any, *, whole_tables: bool = False) -> Iterator[None]:
    """Make each of Morango's transactions in this block lock its records first.

    :param whole_tables: lock their tables instead.
    """
    lock = _lock_tables if whole_tables else _lock_transfer_records
    with connection.execute_wrapper(_LockBeforeStatement(transfer, lock)):
        yield


class _LockBeforeStatement:
    """A wrapper for statements that takes the locks before the first one of a transaction.

    https://docs.djangoproject.com/en/3.2/topics/db/instrumentation/
    """

    def __init__(self, transfer: Any, lock: Callable[[Any], None]) -> None:
        self._transfer = transfer
        self._lock = lock
        self._held = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        isolated = connection.isolation_level == ISOLATION_LEVEL_REPEATABLE_READ
        if isolated and connection.in_atomic_block and not self._held:
            # Set this first: the locking statements pass through this wrapper, too.
            self._held = True
            transaction.on_commit(self._forget)
            self._lock(self._transfer)
        return execute(sql, params, many, context)

    def _forget(self) -> None:
        self._held = False


def _lock_tables(transfer: Any) -> None:
    models = syncable_models.get_models(transfer.sync_session.profile)
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)  # noqa: SLF001
    with connection.cursor() as cursor:
        # Neither statement takes a snapshot.
        cursor.execute(f"SET LOCAL lock_timeout = {TABLE_WAIT}")
        cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")


def _lock_transfer_records(transfer: Any) -> None:
    profile, prefixes = transfer.sync_session.profile, list(transfer.get_filter())
    received = Store.objects.filter(_any_of("partition", prefixes), profile=profile, dirty_bit=True)
    for model in syncable_models.get_models(profile):
        records = model.syncing_objects
        changed = records.filter(_any_of("_morango_partition", prefixes), _morango_dirty_bit=True)
        to_change = records.filter(
            pk__in=received.filter(model_name=model.morango_model_name).values("pk")
        )
        for rows in (changed, to_change):
            # With no_key, others can still insert rows that refer to these.
            for _ in rows.select_for_update(no_key=True).order_by().values_list("pk").iterator():
                pass


def _any_of(field: str, prefixes: list[str]) -> Q:
    each = (Q(**{f"{field}__startswith": prefix}) for prefix in prefixes)
    return functools.reduce(operator.or_, each)
