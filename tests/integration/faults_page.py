"""docs/faults.md: the messages of start-up and the doctor for each fault, from the tests.

Regenerated with ``KOLIBRI_AZURE_WRITE_GOLDEN=1`` and test_doctor_on_faults.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .golden import settle_text
from .planted import PLANTED

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"

HEAD = """# Faults and their messages

The tests create each of these faults for real: a vault that refuses, a PostgreSQL that hangs, a
share that is gone. The table shows what start-up and `kolibri manage azure_check` report. A test
keeps it up to date. Ports and paths are replaced by words.

The error's section in [troubleshooting.md](troubleshooting.md) and the check's section in
[checks.md](checks.md) explain what to do.

| Fault | Start-up says | First failed check | The check says |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """The messages for one fault."""

    fault: str
    code: str
    start_up: str
    check: str
    doctor: str

    @property
    def line(self) -> str:
        anchor = self.check.replace(".", "")
        cells = (
            self.fault,
            f"[{_cell(self.start_up)}](troubleshooting.md#{self.code})",
            f"[{self.check}](checks.md#{anchor})",
            _cell(self.doctor),
        )
        return f"| {' | '.join(cells)} |\n"


def _cell(text: str) -> str:
    plain = settle_text(text).replace("\n", " ")
    return plain.replace("|", "\\|").replace("[", "\\[").replace("]", "\\]").replace("<", "&lt;")


def lines() -> dict[str, str]:
    """The page's row for each fault."""
    if not PAGE.exists():
        return {}
    rows = PAGE.read_text(encoding="utf-8").removeprefix(HEAD).splitlines(keepends=True)
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}


def write(row: Row) -> None:
    """Write one row to the page."""
    rows = {**lines(), row.fault: row.line}
    ordered = [rows[planted.name] for planted in PLANTED if planted.name in rows]
    PAGE.write_text(HEAD + "".join(ordered), encoding="utf-8")
