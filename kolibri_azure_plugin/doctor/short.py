"""The report in one line a problem, for a log or a script."""

from __future__ import annotations

from kolibri_azure_plugin.checks.model import Status
from kolibri_azure_plugin.doctor.report import Report


def render(report: Report) -> str:
    """A line for each failure and each warning, then the summary."""
    lines = [
        f"{result.outcome.status.value.upper()} {result.check.id}: {result.outcome.message} "
        f"({_first_line(result.outcome.cause)}) -> {_first_line(result.outcome.remedy)}"
        for result in report.results
        if result.outcome.status in (Status.FAIL, Status.WARN)
    ]
    return "\n".join([*lines, report.summary, ""])


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
