"""Removes many rows in many short transactions, so that no request waits for long."""

from __future__ import annotations

from typing import Any, Callable

from django.db.models import QuerySet

BATCH = 1000


def _nothing(_batch: QuerySet[Any]) -> None:
    pass


def remove_in_batches(
    rows: QuerySet[Any], *, before: Callable[[QuerySet[Any]], None] = _nothing, size: int = BATCH
) -> int:
    """Remove the rows; returns how many.

    :param before: called with each batch before its removal.
    """
    removed = 0
    while True:
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:size])
        if not keys:
            return removed
        batch = rows.filter(pk__in=keys)
        before(batch)
        batch.delete()
        removed += len(keys)
