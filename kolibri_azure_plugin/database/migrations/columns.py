"""The effect of a migration on tables and columns, in Django's models and in the database."""

from __future__ import annotations

import dataclasses
from typing import Any

#: A table name and a column name.
Column = tuple[str, str]

DATABASE_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema()
"""


@dataclasses.dataclass(frozen=True)
class Change:
    """The columns that one or several migrations add and remove.

    A new table counts as all of its columns, a renamed column as one of each.
    """

    made: frozenset[Column]
    removed: frozenset[Column]

    @classmethod
    def between(cls, before: frozenset[Column], after: frozenset[Column]) -> Change:
        """The difference between two states of the models."""
        return cls(made=after - before, removed=before - after)

    def is_done(self, columns: frozenset[Column]) -> bool:
        """True if the database shows all of it. A change without any columns is never done."""
        shows = bool(self.made or self.removed)
        return shows and self.made <= columns and not self.removed & columns


def of_models(state: Any) -> frozenset[Column]:
    """The columns of the models in one of Django's project states."""
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
    """The columns in the database."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE_COLUMNS)
        return frozenset(cursor.fetchall())
