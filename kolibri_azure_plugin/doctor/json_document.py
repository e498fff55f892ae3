"""The report for programs. Its schema is docs/azure_check.schema.json."""

from __future__ import annotations

import json
from typing import Any

from kolibri_azure_plugin.doctor.report import SCHEMA_VERSION, Report
from kolibri_azure_plugin.doctor.runner import Result


def render(report: Report) -> str:
    """One JSON document."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The document as an object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "plugin_version": report.plugin_version,
        "kolibri_version": report.kolibri_version,
        "counts": report.counts,
        "checks": [_entry(result) for result in report.results],
    }


def _entry(result: Result) -> dict[str, Any]:
    check, outcome = result.check, result.outcome
    return {
        "id": check.id,
        "category": check.category,
        "description": check.description,
        "scope": check.scope.value,
        "severity": check.severity,
        "status": outcome.status.value,
        "message": outcome.message,
        "cause": outcome.cause,
        "remedy": outcome.remedy,
        "docs": check.documentation,
        "duration_ms": result.duration_ms,
        "measurements": dict(outcome.measurements),
    }
