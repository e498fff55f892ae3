"""The parts of the page that are lists of facts, or tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kolibri_azure_plugin.web.status.verdict import Tone


@dataclasses.dataclass(frozen=True)
class Fact:
    """One line: what it is about, and how it is.

    :param note: a further explanation.
    :param tone: shown as a word and a shape; None for a fact that is neither good nor bad.
    :param language: of value and note; empty for that of the page.
    """

    label: str
    value: str
    note: str = ""
    tone: Tone | None = None
    language: str = ""


@dataclasses.dataclass(frozen=True)
class Card:
    """A heading and its facts.

    :param id: its anchor.
    :param empty: what to say if there are no facts.
    """

    id: str
    title: str
    facts: Sequence[Fact]
    empty: str = ""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table; its parameters as in :class:`Fact`."""

    value: str
    note: str = ""
    tone: Tone | None = None
    language: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A heading, and rows that all have the same columns.

    :param id: its anchor.
    :param cells: the rows. The first cell of each one names it.
    :param empty: what to say if there are no rows.
    """

    id: str
    title: str
    columns: Sequence[str]
    cells: Sequence[Sequence[Cell]]
    empty: str = ""

    @property
    def rows(self) -> list[list[tuple[str, Cell]]]:
        """The rows, each cell with the heading of its column."""
        return [list(zip(self.columns, row)) for row in self.cells]
