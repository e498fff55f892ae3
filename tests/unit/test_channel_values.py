"""What of a channel PostgreSQL can't hold is changed as little as possible, and counted."""

from __future__ import annotations

import pytest
from sqlalchemy import CHAR, Column, Float, Integer, MetaData, String, Table, Text

from kolibri_azure_plugin.channels.fitting import CAPPED, CLEANED, CUT, ROUNDED, Changes, fit
from kolibri_azure_plugin.channels.importing import write_as_copy_reads

LARGEST = 2_147_483_647
TABLES = {
    "content_language": [Column("id", String(14), primary_key=True)],
    "content_localfile": [Column("file_size", Integer), Column("id", String(32))],
    "content_contentnode": [
        Column("id", CHAR(32), primary_key=True),
        Column("title", String(5)),
        Column("description", Text),
        Column("duration", Integer),
        Column("lft", Integer),
        Column("sort_order", Float),
    ],
}


@pytest.fixture
def fitted():
    """What becomes of a value in a column, and what was counted."""
    metadata = MetaData()
    tables = {name: Table(name, metadata, *columns) for name, columns in TABLES.items()}

    def fitted(table, column, value):
        changes = Changes()
        return fit(tables[f"content_{table}"].columns[column], changes)(value), dict(changes)

    yield fitted
    for columns in TABLES.values():
        columns[:] = [column._copy() for column in columns]


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
        # Elsewhere in the tree it would be another place.
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
def test_copy_reads_what_was_written(value, written):
    assert write_as_copy_reads(str)(value) == written
