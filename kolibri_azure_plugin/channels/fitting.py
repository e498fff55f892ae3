"""Makes the values of a channel's database fit PostgreSQL's columns.

A channel is a SQLite file, which keeps any number and any text in any column. What a column can't
hold is changed as little as possible here, and counted. Identifiers and places in the tree are left
alone: changed, they would point to something else, so PostgreSQL refuses the channel instead.
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
SMALLEST, LARGEST = INTEGERS["integer"]

#: Numbers that only tell how much there is, with the smallest that their columns take.
AMOUNTS: Mapping[str, int] = {
    "file_size": SMALLEST,
    "duration": 0,
    "priority": SMALLEST,
    "number_of_assessments": SMALLEST,
}

#: A text that is its table's key, and a name and no checksum. Kolibri cuts what points to it.
KEYS_THAT_ARE_CUT = frozenset({("content_language", "id")})

#: What was done to how many values, in words.
Changes = collections.Counter[str]

CLEANED = "texts without the characters in them that PostgreSQL can't hold"
CUT = "texts cut at the length of their column"
CAPPED = f"numbers beyond {SMALLEST} to {LARGEST} replaced by the nearest that fits"
ROUNDED = "numbers rounded"


def fit(column: Column[Any], changes: Changes) -> Callable[[Any], Any]:
    """What makes values fit one column, and counts the changes."""
    if isinstance(column.type, String):
        longest = column.type.length
        cut = (column.table.name, column.name) in KEYS_THAT_ARE_CUT
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
        # Kolibri cuts the texts that are no keys, without a word.
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
    if smallest is None or not isinstance(value, int) or smallest <= value <= LARGEST:
        return value
    changes[CAPPED] += 1
    return max(smallest, min(value, LARGEST))
