"""The parts of the backend that check each text and number on its way to PostgreSQL.

Characters that PostgreSQL can't store are removed from every statement, so that lookups and saves
that work on SQLite work here too. A value that is too long or too large for its column is rejected
before the statement, with the name of the field.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.postgresql import operations
from django.db.models.sql import compiler
from django.db.models.sql.compiler import (  # noqa: F401 - Django looks for all of them here
    SQLAggregateCompiler,
    SQLCompiler,
    SQLDeleteCompiler,
)
from psycopg2 import extensions

from kolibri_azure_plugin.database.postgresql.storable import (
    DoesNotFitError,
    column_of,
    storable,
)

logger = logging.getLogger(__name__)

_SAVES = re.compile(r'\s*(?:INSERT INTO|UPDATE)\s+"?(\w+)"?', re.IGNORECASE)


class StorableCursor(extensions.cursor):
    """A cursor that accepts every text.

    psycopg2 raises ValueError before it sends anything, so the statement can be retried. Valid
    texts cost nothing.
    """

    def execute(self, query: Any, vars: Any = None) -> Any:  # noqa: A002 - psycopg2's own name
        try:
            return super().execute(query, vars)
        except ValueError:
            cleaned = storable(vars)
            if cleaned == vars:
                raise
            saves = _SAVES.match(query) if isinstance(query, str) else None
            if saves:
                logger.info(
                    "A text for %s had a NUL or half a surrogate pair, which PostgreSQL can't "
                    "store: saved without it.",
                    saves[1],
                )
            return super().execute(query, cleaned)

    def executemany(self, query: Any, vars_list: Any) -> Any:
        return super().executemany(query, [storable(each) for each in vars_list])

    def mogrify(self, query: Any, vars: Any = None) -> Any:  # noqa: A002 - psycopg2's own name
        return super().mogrify(query, storable(vars))


class SQLInsertCompiler(compiler.SQLInsertCompiler):
    """INSERT, with values that fit."""

    def prepare_value(self, field: Any, value: Any) -> Any:
        value = super().prepare_value(field, value)
        require_value_fits(field, value, self.connection)
        return value


class SQLUpdateCompiler(compiler.SQLUpdateCompiler):
    """UPDATE, with values that fit."""

    def as_sql(self) -> Any:
        for field, _model, value in self.query.values:
            if isinstance(value, (str, int)):
                require_value_fits(field, value, self.connection)
        return super().as_sql()


def require_value_fits(field: Any, value: Any, connection: Any) -> None:
    """Check that a value fits the field's column.

    :raises DoesNotFitError: naming the field.
    """
    if not isinstance(value, (str, int)):
        return
    column = column_of(field, connection)
    if column.holds_everything:
        return
    try:
        column.refuse(value)
    except ValidationError as reason:
        raise DoesNotFitError(field.name, reason) from None


class DatabaseOperations(operations.DatabaseOperations):
    """Points Django to the compilers above."""

    compiler_module = __name__


class SanitizingMixin:
    """A connection whose statements accept every text. A mixin for Django's DatabaseWrapper."""

    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)  # type: ignore[misc]
        connection.cursor_factory = StorableCursor
        return connection
