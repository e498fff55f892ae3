"""Texts and numbers as PostgreSQL can hold them.

SQLite holds any text in any column, and integers of 64 bits in each. PostgreSQL has no NUL
character, no half of a surrogate pair, and columns with an end.
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db.utils import DataError

#: What PostgreSQL's integers hold, by the type of the column.
INTEGERS = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}

_TEXT = re.compile(r"(?:var)?char\((\d+)\)")

#: Half of a pair of UTF-16, which JSON can spell and UTF-8 can't.
_SURROGATES = re.compile("[\ud800-\udfff]")

#: Where a field remembers its column: asking Django takes as long as all the rest.
COLUMN = "_azure_column"

#: What stands for a character that nobody can show.
REPLACEMENT = "\ufffd"


def storable(value: Any) -> Any:
    """A parameter of a statement, with no character in it that PostgreSQL can't hold."""
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
    """A value that its column can't hold.

    It is what Django makes of PostgreSQL's own refusal, so that whoever expects that still handles
    it; but it comes before the statement, which would break the transaction, and names the field.

    :param field: the field's name.
    :param reason: Django's own words for it.
    """

    def __init__(self, field: str, reason: ValidationError) -> None:
        super().__init__(f"{field}: {' '.join(reason.messages)}")
        self.field = field
        self.reason = reason


class Column:
    """What a column can hold.

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
        """Do nothing with a value that fits.

        :raises ValidationError: with what the column holds.
        """
        if self._is_too_long(value):
            MaxLengthValidator(self.longest)(value)
        elif self._is_out_of_range(value):
            smallest, largest = self.range  # type: ignore[misc]
            MinValueValidator(smallest)(value)
            MaxValueValidator(largest)(value)

    def fit(self, value: Any) -> Any:
        """What of a value the column can hold: the beginning of a text, the nearest number."""
        if self._is_too_long(value):
            return value[: self.longest]
        if self._is_out_of_range(value):
            smallest, largest = self.range  # type: ignore[misc]
            return min(max(value, smallest), largest)
        return value

    def _is_too_long(self, value: Any) -> bool:
        if self.longest is None or not isinstance(value, str) or len(value) <= self.longest:
            return False
        # PostgreSQL drops spaces at the end without a word.
        return len(value.rstrip(" ")) > self.longest

    def _is_out_of_range(self, value: Any) -> bool:
        if self.range is None or not isinstance(value, int):
            return False
        return not self.range[0] <= value <= self.range[1]


def column_of(field: Any, connection: Any) -> Column:
    """What the column of a model's field can hold."""
    column: Column | None = field.__dict__.get(COLUMN)
    if column is None:
        # The type of a key is "serial", which is what makes its values; other tables have the rest.
        kind = field.rel_db_type if field.primary_key else field.db_type
        column = field.__dict__[COLUMN] = Column(kind(connection))
    return column
