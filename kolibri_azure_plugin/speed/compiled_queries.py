"""Runs queries that Django compiles once per process, instead of once per request.

Django takes 1 to 5 ms to make the SQL of a query with subqueries, each time, and it is the same
each time but for the values. Here the query is compiled with placeholders, and only these are
replaced. Nothing of an answer is kept.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Union

from django.db import connections

Row = dict[str, Any]

#: An id as Kolibri's own pages write it.
ID = re.compile(r"[0-9a-f]{32}")

#: An id, or a list of ids for `IN (…)`.
Value = Union[str, Sequence[str]]

#: Stands for an empty list, which SQL does not allow. `IN (NULL)` finds nothing.
NONE = (None,)


@dataclass(frozen=True)
class _Compiled:
    """A query's SQL.

    :param texts: the SQL before, between and after the parameters.
    :param parameters: names of values, or constants: (name, None) or ("", constant).
    :param names: the names of the columns.
    :param converters: by position, what turns a column into a value of Python, and its expression.
    """

    alias: str
    texts: Sequence[str]
    parameters: Sequence[tuple[str, Any]]
    names: Sequence[str]
    converters: Mapping[int, tuple[list[Callable[..., Any]], Any]]


class CompiledQuery:
    """A query of given values: ids, and lists of ids.

    :param build: makes a QuerySet with ``values(…)``; its parameters are the names of the values,
        of which it must use each as it is.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._compiled: _Compiled | None = None

    @property
    def is_compiled(self) -> bool:
        """True if it has been asked, and Django compiles it as expected."""
        return self._compiled is not None

    def rows(self, **values: Value) -> list[Row]:
        """Ask the database, with these values."""
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = _compile(self._build, values)
        if compiled is None:
            return [*self._build(**values)]
        statement, parameters = _fill(compiled, values)
        connection = connections[compiled.alias]
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            found = cursor.fetchall()
        return list(_converted(compiled, found, connection))


def _compile(build: Callable[..., Any], values: Mapping[str, Value]) -> _Compiled | None:
    """The query's SQL; None if the values can't be told from the rest of it."""
    marks = {uuid.uuid4().hex: name for name in values}
    arguments = {
        name: mark if isinstance(values[name], str) else [mark] for mark, name in marks.items()
    }
    queryset = build(**arguments)
    query = queryset.query
    compiler = query.get_compiler(queryset.db)
    statement, parameters = compiler.as_sql()
    texts = statement.split("%s")
    if len(texts) != len(parameters) + 1 or not marks.keys() <= {*map(str, parameters)}:
        return None
    return _Compiled(
        queryset.db,
        texts,
        [(marks[each], None) if each in marks else ("", each) for each in parameters],
        [*query.extra_select, *query.values_select, *query.annotation_select],
        compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]]),
    )


def _fill(compiled: _Compiled, values: Mapping[str, Value]) -> tuple[str, list[Any]]:
    """The SQL for these values, with its parameters."""
    first, *rest = compiled.texts
    statement, parameters = [first], list[Any]()
    for (name, constant), text in zip(compiled.parameters, rest):
        value = values[name] if name else constant
        several = (value or NONE) if name and not isinstance(value, str) else (value,)
        statement += [", ".join(["%s"] * len(several)), text]
        parameters += several
    return "".join(statement), parameters


def _converted(compiled: _Compiled, rows: Sequence[Any], connection: Any) -> Iterator[Row]:
    for row in rows:
        values = list(row)
        for position, (converters, expression) in compiled.converters.items():
            for convert in converters:
                values[position] = convert(values[position], expression, connection)
        yield dict(zip(compiled.names, values))
