"""The rows that were measured last, in a file, so that some can be measured again alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.performance.rows import Row
from bench.performance.table import markdown


@dataclass(frozen=True)
class Part:
    """The rows of one part of the work.

    :param circumstances: when and how they were measured.
    """

    rows: list[Row]
    circumstances: str


def load(file: Path) -> dict[str, Part]:
    """The parts by name; none if nothing has been measured yet."""
    if not file.exists():
        return {}
    data = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: Part([Row(**row) for row in part["rows"]], part["circumstances"])
        for name, part in data.items()
    }


def save(file: Path, parts: Mapping[str, Part]) -> None:
    data = {name: dataclasses.asdict(part) for name, part in parts.items()}
    text = json.dumps(data, indent=1, ensure_ascii=False)
    file.write_text(f"{text}\n", encoding="utf-8")


def text(parts: Mapping[str, Part], names: Iterable[str]) -> str:
    """One table of all parts in the order of `names`, and how each was measured."""
    names = list(names)
    measured = [name for name in names if name in parts]
    ways: dict[str, list[str]] = {}
    for name in measured:
        ways.setdefault(parts[name].circumstances, []).append(name)
    paragraphs = [markdown(row for name in measured for row in parts[name].rows)]
    for way, these in ways.items():
        paragraphs.append(f"{way}." if len(ways) == 1 else f"{_list(these)}: {way}.")
    missing = [name for name in names if name not in parts]
    if missing:
        paragraphs.append(f"Not measured: {_list(missing)}.")
    return "\n".join(f"{paragraph.strip()}\n" for paragraph in paragraphs)


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
