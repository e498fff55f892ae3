"""Makes the values of a channel's database fit PostgreSQL's columns.

A channel is a SQLite file, which allows any number and any text in any column. Values that do not
fit are changed as little as possible, and counted. Identifiers and tree positions stay as they are:
a changed one would point to something else. PostgreSQL refuses such a channel instead.
"""

from __future__ import annotations

import collections
import json
import math
from collections.abc import Mapping
from typing import Any, Callable

from sqlalchemy import Column, Integer, String

from kolibri_azure_plugin.database.postgresql.storable import INTEGERS, storable

#: The smallest and the largest number in PostgreSQL's type integer.
SMALLEST, MAX_INTEGER = INTEGERS["integer"]

#: Columns whose numbers are amounts only, with the smallest value that each accepts.
AMOUNTS: Mapping[str, int] = {
    "file_size": SMALLEST,
    "duration": 0,
    "priority": SMALLEST,
    "number_of_assessments": SMALLEST,
}

#: Text keys that are names, not checksums. Kolibri truncates the columns that refer to them.
TRUNCATED_KEYS = frozenset({("content_language", "id")})

#: How many values were changed in each way. The keys are the texts below.
Changes = collections.Counter[str]

CLEANED = "texts stripped of characters that PostgreSQL can't store"
CUT = "texts cut to the length of their column"
CAPPED = f"numbers outside {SMALLEST} to {MAX_INTEGER} replaced by the nearest that fits"
ROUNDED = "numbers rounded"


def fit(column: Column[Any], changes: Changes) -> Callable[[Any], Any]:
    """A function that makes values fit this column, and counts the changes."""
    if isinstance(column.type, String):
        longest = column.type.length
        cut = (column.table.name, column.name) in TRUNCATED_KEYS
        return lambda value: _text(value, longest, cut=cut, changes=changes)
    if isinstance(column.type, Integer):
        smallest = AMOUNTS.get(column.name)
        return lambda value: _number(value, smallest, changes)
    return lambda value: value


def _text(value: Any, longest: int | None, *, cut: bool, changes: Changes) -> Any:
    if value is None:
        return None
    text = _as_text(value)
    clean: str = storable(text)
    if clean != text:
        changes[CLEANED] += 1
    if longest is not None and len(clean) > longest:
        # Other texts are counted only: Kolibri truncates them itself, without saying so.
        changes[CUT] += 1
        return clean[:longest] if cut else clean
    return clean


def _as_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value)


def _number(value: Any, smallest: int | None, changes: Changes) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        if not value.is_integer():
            changes[ROUNDED] += 1
        value = round(value)
    if smallest is None or not isinstance(value, int) or smallest <= value <= MAX_INTEGER:
        return value
    changes[CAPPED] += 1
    return max(smallest, min(value, MAX_INTEGER))
