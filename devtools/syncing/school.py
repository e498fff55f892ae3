"""A school's Kolibri: stock, on SQLite, without any plugin."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devtools.kolibri_process import CommandFailedError, Kolibri
from devtools.syncing.records import Records

#: The folder of sync_records.py, whose functions `run_steps` can call.
INSIDE = Path(__file__).parent / "inside"
SYNC_SECONDS = 7200
LINES_SHOWN = 20


class School(Kolibri):
    """A school's server, or a learner's tablet.

    :param python: the Python of an environment with this school's Kolibri.
    """

    def __init__(self, home: Path, *, python: str | Path = sys.executable) -> None:
        super().__init__(home, {"PYTHONPATH": str(INSIDE)}, python=python)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a query in the school's database."""
        address = f"file:{self.home / 'db.sqlite3'}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(statement, values).fetchall()

    def records(self) -> Records:
        """What there is to sync."""
        return Records(self.rows)


def step(function: str, *arguments: object, **options: object) -> str:
    """A call of a function of sync_records.py, for `run_steps`."""
    given = [repr(each) for each in arguments]
    given += [f"{name}={value!r}" for name, value in options.items()]
    return f"{function}({', '.join(given)})"


def run_steps(kolibri: Kolibri, *steps: str, seconds: float = SYNC_SECONDS) -> str:
    """Run steps in one process of a Kolibri, and return its output; each must succeed.

    :raises subprocess.TimeoutExpired: after `seconds`.
    """
    text = "\n".join(("from sync_records import *", *steps)) + "\n"
    finished = kolibri.run("manage", "shell", text=text, seconds=seconds)
    if finished.code:
        said = "\n".join(finished.output.splitlines()[-LINES_SHOWN:])
        raise CommandFailedError(f"{'; '.join(steps)} failed:\n{said}")
    return finished.output
