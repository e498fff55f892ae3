"""The table as Markdown, and its place in a page."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from bench.performance.rows import Row

HEAD = ("work", "stock Kolibri", "image", "ratio", "target", "met")

VERDICTS = {True: "yes", False: "**no**", None: ""}

PACKAGES = ("kolibri", "kolibri-azure-plugin", "gunicorn")
PROGRAMS = {
    "nginx": ("nginx", "-v"),
    "PostgreSQL": ("psql", "--version"),
    "wrk": ("wrk", "-v"),
    "Chromium": ("chromium", "--version"),
}


def markdown(rows: Iterable[Row]) -> str:
    """Format the rows as a table."""
    cells = [
        (row.work, row.stock, row.image, row.ratio, row.goal, VERDICTS[row.reached]) for row in rows
    ]
    return table(HEAD, cells)


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Format any table."""
    heads = list(head)
    written = [heads, ["---"] * len(heads), *map(list, lines)]
    return "".join("| " + " | ".join(line) + " |\n" for line in written)


def circumstances() -> str:
    """One line with the date, the machine and the software versions, without the host name."""
    today = dt.datetime.now(dt.timezone.utc).date().isoformat()
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    versions += [f"{name} {_version(command)}" for name, command in PROGRAMS.items()]
    machine = f"{os.cpu_count()} CPUs ({_processor()}), Linux {platform.release().split('-')[0]}"
    return f"{today}, {machine}, Python {platform.python_version()}, {', '.join(versions)}"


def write(page: Path, name: str, text: str) -> None:
    """Put the text between the existing marks of that name in a page.

    :raises ValueError: if the page does not have them.
    """
    begin, end = marks(name)
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _old, also_found, after = rest.partition(end)
    if not (found and also_found):
        raise ValueError(f"{page.name} has no line {begin!r}, followed by a line {end!r}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def marks(name: str) -> tuple[str, str]:
    """The comments before and after the text that a command writes."""
    return f"<!-- written by python -m bench.{name} --write -->", f"<!-- end of bench.{name} -->"


def _version(command: tuple[str, ...]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "(none)"
    found = re.search(r"\d+(\.\d+)+", answer.stdout + answer.stderr)
    return found[0] if found else "(unknown)"


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
