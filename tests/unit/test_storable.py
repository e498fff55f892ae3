"""Values that PostgreSQL's columns can store, and changes to the others."""

from __future__ import annotations

import kolibri  # noqa: F401 - brings Django along
import pytest

from kolibri_azure_plugin.database.coercion.interactions import MAX_LENGTH, truncated_item
from kolibri_azure_plugin.database.postgresql.storable import (
    Column,
    DoesNotFitError,
    ValidationError,
    storable,
)


@pytest.mark.parametrize(
    "given, stored",
    [
        ("a\0b", "ab"),
        ("\ud800b", "\ufffdb"),
        ("မြန်မာ 😀", "မြန်မာ 😀"),
        (["a\0", 1, None], ["a", 1, None]),
        (("a\0", b"\0"), ("a", b"\0")),
        ({"name": "a\0"}, {"name": "a"}),
    ],
)
def test_only_characters_that_postgresql_lacks_are_left_out(given, stored):
    assert storable(given) == stored


@pytest.mark.parametrize(
    "kind, value, fitting",
    [
        ("varchar(3)", "abc", "abc"),
        ("varchar(3)", "abcd", "abc"),
        ("varchar(3)", "abc  ", "abc  "),
        ("varchar(3)", "😀😀😀", "😀😀😀"),
        ("char(2)", "abc", "ab"),
        ("text", "a" * 100_000, "a" * 100_000),
        ("varchar", "a" * 100_000, "a" * 100_000),
        ("smallint", 2**15, 2**15 - 1),
        ("integer", 2**31, 2**31 - 1),
        ("integer", -(2**31) - 1, -(2**31)),
        ("bigint", 2**63, 2**63 - 1),
        ("integer", 7, 7),
        ("boolean", True, True),
        (None, "a", "a"),
    ],
)
def test_the_beginning_of_a_text_and_the_nearest_number_fit(kind, value, fitting):
    column = Column(kind)

    assert column.fit(value) == fitting
    column.refuse(fitting)
    if fitting != value:
        with pytest.raises(ValidationError):
            column.refuse(value)


def test_a_refusal_names_the_field():
    error = DoesNotFitError("title", ValidationError("It has 4 characters.", code="max_length"))

    assert str(error) == "title: It has 4 characters."
    assert (error.field, error.reason.code) == ("title", "max_length")


def test_questions_with_long_names_stay_apart():
    first, second = "https://example.org/" + "q" * 300, "https://example.org/" + "q" * 301

    assert truncated_item("short") == "short"
    assert len(truncated_item(first)) == MAX_LENGTH
    assert truncated_item(first) == truncated_item(first) != truncated_item(second)
