"""The report for people: grouped by category, with a fix below each problem."""

from __future__ import annotations

import dataclasses
import itertools
import os
import textwrap
from typing import TextIO

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.doctor.runner import Result

MARKS = {Status.PASS: "✓", Status.WARN: "!", Status.FAIL: "✗", Status.SKIP: "-"}
ASCII_MARKS = {Status.PASS: "ok", Status.WARN: "!!", Status.FAIL: "XX", Status.SKIP: "--"}
COLOURS = {Status.PASS: "32", Status.WARN: "33", Status.FAIL: "31", Status.SKIP: "2"}

INDENT = " " * 4
NAMES_WIDTH = 76


@dataclasses.dataclass(frozen=True)
class Style:
    """The capabilities of the output."""

    coloured: bool
    unicode: bool

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Colours only on a terminal, and ASCII if the encoding has no other characters.

        https://no-color.org is respected.
        """
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        try:
            "".join(MARKS.values()).encode(stream.encoding or "ascii")
            encodable = True
        except UnicodeEncodeError:
            encodable = False
        return cls(terminal and "NO_COLOR" not in os.environ, encodable)

    def mark(self, status: Status) -> str:
        mark = (MARKS if self.unicode else ASCII_MARKS)[status]
        return self.paint(mark, COLOURS[status])

    def paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self.coloured else text

    def printable(self, text: str) -> str:
        return text if self.unicode else text.encode("ascii", "replace").decode()


def render(report: Report, style: Style) -> str:
    """The whole report, with the summary at the end."""
    lines = []
    for category, results in itertools.groupby(report.results, lambda r: r.check.category):
        lines += ["", style.paint(category, "1")]
        for blocker, together in itertools.groupby(results, lambda r: r.outcome.blocked_by):
            if blocker:
                lines += _blocked_lines(blocker, list(together), style)
            else:
                lines += [line for result in together for line in _lines_of(result, style)]
    versions = f"Kolibri {report.kolibri_version}, plugin {report.plugin_version}"
    lines += ["", f"{report.summary} ({versions})"]
    lines += [style.paint(report.advice, "1")] if report.advice else []
    lines += [""]
    return style.printable("\n".join(lines).lstrip("\n"))


def _blocked_lines(blocker: str, results: list[Result], style: Style) -> list[str]:
    """The checks skipped because of one failure, on shared lines."""
    names = textwrap.wrap(", ".join(_name(result) for result in results), NAMES_WIDTH)
    first, *others = names
    mark = style.mark(Status.SKIP)
    lines = [f"  {mark} {first}", *(f"{INDENT}{line}" for line in others)]
    lines[-1] += f": needs {blocker}"
    return lines


def _name(result: Result) -> str:
    return result.check.id.rpartition(".")[2]


def _lines_of(result: Result, style: Style) -> list[str]:
    check, outcome = result.check, result.outcome
    lines = [f"  {style.mark(outcome.status)} {_name(result)}: {outcome.message}"]
    if outcome.status in (Status.WARN, Status.FAIL):
        lines += _paragraph("cause", outcome.cause)
        lines += _paragraph("fix", outcome.remedy)
        lines += _paragraph("more", check.documentation)
    return lines


def _paragraph(title: str, text: str) -> list[str]:
    first, *others = text.splitlines() or [""]
    margin = INDENT + " " * 12
    return [f"{INDENT}{title + ':':<12}{first}", *(f"{margin}{line}" for line in others)]
