"""Values of a channel that PostgreSQL can't store are changed minimally, and counted."""

from __future__ import annotations

import pytest
from sqlalchemy import CHAR, Column, Float, Integer, MetaData, String, Table, Text

from kolibri_azure_plugin.content.channels.coercion import (
    CAPPED,
    CLEANED,
    CUT,
    ROUNDED,
    Changes,
    fit,
)
from kolibri_azure_plugin.content.channels.importing import escape_for_copy

LARGEST = 2_147_483_647


def tables():
    """Some of Kolibri's tables, with shorter columns."""
    metadata = MetaData()
    return {
        "language": Table("content_language", metadata, Column("id", String(14), primary_key=True)),
        "localfile": Table(
            "content_localfile",
            metadata,
            Column("file_size", Integer),
            Column("id", String(32)),
        ),
        "contentnode": Table(
            "content_contentnode",
            metadata,
            Column("id", CHAR(32), primary_key=True),
            Column("title", String(5)),
            Column("description", Text),
            Column("duration", Integer),
            Column("lft", Integer),
            Column("sort_order", Float),
        ),
    }


@pytest.fixture
def fitted():
    """The stored value in a column, and the counts."""
    made = tables()

    def fitted(table, column, value):
        changes = Changes()
        return fit(made[table].columns[column], changes)(value), dict(changes)

    return fitted


@pytest.mark.parametrize(
    ("place", "value", "fitting", "counted"),
    [
        (("contentnode", "title"), "a\0b", "ab", CLEANED),
        (("contentnode", "description"), "half \ud83d", "half \ufffd", CLEANED),
        (("contentnode", "description"), 'whole 🎓 \\n "', 'whole 🎓 \\n "', None),
        (("contentnode", "title"), 12, "12", None),
        (("contentnode", "title"), None, None, None),
        # Kolibri cuts it, so it is only counted.
        (("contentnode", "title"), "abcdef", "abcdef", CUT),
        (("language", "id"), "en-a-very-long-code", "en-a-very-long", CUT),
        (("localfile", "file_size"), 3 * 2**30, LARGEST, CAPPED),
        (("localfile", "file_size"), LARGEST, LARGEST, None),
        (("contentnode", "duration"), -5, 0, CAPPED),
        (("contentnode", "duration"), 12.6, 13, ROUNDED),
        (("contentnode", "duration"), 1e300, LARGEST, CAPPED),
        # Elsewhere in the tree it would be another node.
        (("contentnode", "lft"), 2**40, 2**40, None),
        (("contentnode", "sort_order"), 1.5, 1.5, None),
    ],
)
def test_a_value_is_made_to_fit(fitted, place, value, fitting, counted):
    assert fitted(*place, value) == (fitting, {counted: 1} if counted else {})


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("C:\\new\\.", "C:\\\\new\\\\."),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\\N", "\\\\N"),
        (None, "\\N"),
        (True, "True"),
    ],
)
def test_copy_reads_the_value_that_was_written(value, written):
    assert escape_for_copy(str)(value) == written
