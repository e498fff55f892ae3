"""What is written as the last thing of a transaction, and so is there exactly when the rest is.

Django can call functions after a commit (on_commit), when what they were to write may be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

from django.db.backends.postgresql import base

#: Writes all items of a transaction, on the connection that is about to commit it.
Writer = Callable[[Any, Sequence[Any]], None]


class WritesBeforeCommit(base.DatabaseWrapper):
    """Django's backend. Savepoints count: what was rolled back is not written."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._to_write: list[tuple[frozenset[Any], Writer, Any]] = []

    def write_before_commit(self, writer: Writer, item: Any) -> None:
        """Have `writer` write `item` with the transaction; at once where there is none.

        The writer gets the items of a transaction together, so that one statement may do.
        """
        if self.in_atomic_block:
            self._to_write.append((frozenset(self.savepoint_ids), writer, item))
        else:
            writer(self, [item])

    def commit(self) -> None:
        try:
            self._write()
        except BaseException:
            # Django rolls back after an error of the database alone.
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
