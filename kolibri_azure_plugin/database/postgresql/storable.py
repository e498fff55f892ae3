"""Texts and numbers that PostgreSQL can store.

SQLite stores any text in any column, and 64-bit integers in each. PostgreSQL stores no NUL
characters and no half surrogate pairs, and limits its columns.
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db.utils import DataError

#: The ranges of PostgreSQL's integers, by column type.
INTEGERS = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}

_TEXT = re.compile(r"(?:var)?char\((\d+)\)")

#: Half of a UTF-16 surrogate pair, which JSON can encode and UTF-8 can't.
_SURROGATES = re.compile("[\ud800-\udfff]")

#: The attribute in which a field caches its column. Asking Django each time would double the cost.
COLUMN = "_azure_column"

#: The replacement for a character that can't be displayed.
REPLACEMENT = "\ufffd"


def storable(value: Any) -> Any:
    """A statement's parameter without characters that PostgreSQL can't store."""
    if isinstance(value, str):
        return _SURROGATES.sub(REPLACEMENT, value.replace("\0", ""))
    if isinstance(value, list):
        return [storable(each) for each in value]
    if isinstance(value, tuple):
        return tuple(storable(each) for each in value)
    if isinstance(value, dict):
        return {name: storable(each) for name, each in value.items()}
    return value


class DoesNotFitError(DataError):
    """A value that does not fit its column.

    It is the error that Django raises when PostgreSQL refuses the value, so existing handlers catch
    it. But it is raised before the statement, which would break the transaction, and names the
    field.

    :param field: the field's name.
    :param reason: Django's own message.
    """

    def __init__(self, field: str, reason: ValidationError) -> None:
        super().__init__(f"{field}: {' '.join(reason.messages)}")
        self.field = field
        self.reason = reason


class Column:
    """The limits of a column.

    :param kind: its type, as in CREATE TABLE; None for a field without a column.
    """

    def __init__(self, kind: str | None) -> None:
        text = _TEXT.fullmatch(kind or "")
        self.longest = int(text[1]) if text else None
        self.range = INTEGERS.get(kind or "")

    @property
    def holds_everything(self) -> bool:
        return self.longest is None and self.range is None

    def refuse(self, value: Any) -> None:
        """Check that a value fits.

        :raises ValidationError: naming the limit.
        """
        if self._is_too_long(value):
            MaxLengthValidator(self.longest)(value)
        elif self._is_out_of_range(value):
            smallest, largest = self.range  # type: ignore[misc]
            MinValueValidator(smallest)(value)
            MaxValueValidator(largest)(value)

    def fit(self, value: Any) -> Any:
        """The value, made to fit: a truncated text, or the nearest number."""
        if self._is_too_long(value):
            return value[: self.longest]
        if self._is_out_of_range(value):
            smallest, largest = self.range  # type: ignore[misc]
            return min(max(value, smallest), largest)
        return value

    def _is_too_long(self, value: Any) -> bool:
        if self.longest is None or not isinstance(value, str) or len(value) <= self.longest:
            return False
        # PostgreSQL silently drops trailing spaces.
        return len(value.rstrip(" ")) > self.longest

    def _is_out_of_range(self, value: Any) -> bool:
        if self.range is None or not isinstance(value, int):
            return False
        return not self.range[0] <= value <= self.range[1]


def column_of(field: Any, connection: Any) -> Column:
    """The column of a model's field."""
    column: Column | None = field.__dict__.get(COLUMN)
    if column is None:
        # The db_type of a key is "serial", which has no range; rel_db_type is the integer type.
        kind = field.rel_db_type if field.primary_key else field.db_type
        column = field.__dict__[COLUMN] = Column(kind(connection))
    return column
