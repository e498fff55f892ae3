"""Writes items at the end of a transaction, so that they are committed with it or not at all.

Django's on_commit calls functions after the commit, when a crash can still lose their writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from django.db.backends.postgresql import base

#: Writes all items of a transaction, on the connection that is about to commit.
Writer = Callable[[Any, Sequence[Any]], None]


class BeforeCommitMixin(base.DatabaseWrapper):
    """Adds writes before a commit. Items of a savepoint that was rolled back are dropped."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._to_write: list[tuple[frozenset[Any], Writer, Any]] = []

    def write_before_commit(self, writer: Writer, item: Any) -> None:
        """Have `writer` write `item` at the end of the transaction, or now if there is none.

        The writer receives all items of a transaction together, so one statement can write them.
        """
        if self.in_atomic_block:
            self._to_write.append((frozenset(self.savepoint_ids), writer, item))
        else:
            writer(self, [item])

    def commit(self) -> None:
        try:
            self._write()
        except BaseException:
            # Django rolls back only after a database error.
            self.rollback()
            raise
        super().commit()

    def rollback(self) -> None:
        self._to_write = []
        super().rollback()

    def savepoint_rollback(self, sid: Any) -> None:
        super().savepoint_rollback(sid)
        self._to_write = [each for each in self._to_write if sid not in each[0]]

    def close(self) -> None:
        self._to_write = []
        super().close()

    def _write(self) -> None:
        items: dict[Writer, list[Any]] = {}
        for _savepoints, writer, item in self._to_write:
            items.setdefault(writer, []).append(item)
        self._to_write = []
        for writer, of_writer in items.items():
            writer(self, of_writer)
