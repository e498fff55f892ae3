"""The report with one line for each problem, for a log or a script."""

from __future__ import annotations

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.doctor.runner import Result
from kolibri_azure_plugin.errors.wording import with_reason


def render(report: Report) -> str:
    """A line for each failure and each warning, then the summary."""
    problems = [r for r in report.results if r.outcome.status in (Status.FAIL, Status.WARN)]
    return "\n".join([*map(_line_of, problems), report.summary, ""])


def _line_of(result: Result) -> str:
    outcome = result.outcome
    found = with_reason(outcome.message, _first_line(outcome.cause))
    remedy = _first_line(outcome.remedy)
    return f"{outcome.status.value.upper()} {result.check.id}: {found} -> {remedy}"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
