"""Looks for a learner's traces in every column of every table."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

#: Its values are pickled and encoded.
CACHE = "kolibri_azure_cache"


def in_postgresql(rows: Callable[..., list[Any]], words: Iterable[object]) -> dict[str, int]:
    """The number of rows with one of the words, by table.

    :param rows: runs a statement with values.
    """
    words = [str(word) for word in words]
    patterns = [f"%{word}%" for word in words]
    found = {}
    for (table,) in rows(TABLES):
        statement = f'SELECT count(*) FROM "{table}" each WHERE each::text ILIKE ANY(%s)'
        found[table] = rows(statement, (patterns,))[0][0]
        if table == CACHE:
            found[table] += sum(
                _contains(base64.b64decode(value), words)
                for (value,) in rows(f'SELECT value FROM "{table}"')
            )
    return {table: number for table, number in found.items() if number}


def in_sqlite(home: Path, words: Iterable[str]) -> dict[str, int]:
    """The same for all databases of a stock Kolibri."""
    found: dict[str, int] = {}
    for file in home.glob("*.sqlite3"):
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            for table in _tables(database):
                rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
                number = sum(_contains(repr(row).encode(), words) for row in rows)
                if number:
                    found[f"{file.stem}.{table}"] = number
    return found


def _tables(database: sqlite3.Connection) -> Iterator[str]:
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        yield name


def _contains(content: bytes, words: Iterable[str]) -> bool:
    lowered = content.lower()
    return any(word.lower().encode() in lowered for word in words)
