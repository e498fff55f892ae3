"""What a migration does to tables and columns, as Django's migrations have it and as it stands."""

from __future__ import annotations

import dataclasses
from typing import Any

#: A table's name, and a column's.
Column = tuple[str, str]

IN_THE_DATABASE = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema()
"""


@dataclasses.dataclass(frozen=True)
class Change:
    """The columns that one migration makes, or several together, and those that it removes.

    A new table is all of its columns; a renamed column is one of each.
    """

    made: frozenset[Column]
    removed: frozenset[Column]

    @classmethod
    def between(cls, before: frozenset[Column], after: frozenset[Column]) -> Change:
        """What leads from one state of the models to another."""
        return cls(made=after - before, removed=before - after)

    def is_done(self, columns: frozenset[Column]) -> bool:
        """True when all of it shows in a database; a change that shows nowhere is never done."""
        shows = bool(self.made or self.removed)
        return shows and self.made <= columns and not self.removed & columns


def of_models(state: Any) -> frozenset[Column]:
    """The columns that the models of one of Django's project states have."""
    options = [
        model._meta  # noqa: SLF001 (Django documents it)
        for model in state.apps.get_models(include_auto_created=True)
    ]
    return frozenset(
        (model.db_table, field.column)
        for model in options
        if model.managed and not model.proxy and not model.swapped
        for field in model.local_fields
        if field.column is not None
    )


def of_database(connection: Any) -> frozenset[Column]:
    """The columns that stand in the database."""
    with connection.cursor() as cursor:
        cursor.execute(IN_THE_DATABASE)
        return frozenset(cursor.fetchall())
