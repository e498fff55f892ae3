"""Runs the doctor on a deployment, and reads its report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from devtools.deployment import Deployment, run
from kolibri_azure_plugin.doctor import catalogue, json_document, short, table
from kolibri_azure_plugin.doctor.outcome import Outcome, Status
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.doctor.runner import Result

#: Seconds in which the doctor must finish, whatever is broken.
DEADLINE = 60

PLAIN = table.Style(coloured=False, unicode=True)

_CHECKS = {check.id: check for check in catalogue.CHECKS}


@dataclass(frozen=True)
class Examination:
    """One run of the doctor with ``--format json``."""

    exit_code: int
    output: str
    errors: str

    @property
    def document(self) -> dict[str, Any]:
        """Its output, which must be exactly one JSON document."""
        document: dict[str, Any] = json.loads(self.output)
        return document

    def __getitem__(self, check: str) -> dict[str, Any]:
        return next(entry for entry in self.document["checks"] if entry["id"] == check)

    @property
    def first_failure(self) -> dict[str, Any]:
        return next(entry for entry in self.document["checks"] if entry["status"] == "fail")


def examine(deployment: Deployment, *arguments: str, limits: dict[str, Any] | None = None):
    """Run the doctor without `kolibri manage`, to save time."""
    words = ["-m", "kolibri_azure_plugin.doctor", "--format", "json", *arguments]
    if limits:
        changes = [f"{name}={value!r}" for name, value in limits.items()]
        words = ["-m", "tests.integration.lowered_limits", *changes, "--", *words[2:]]
    command = deployment.command(deployment.python, *words)
    return _examined(run(command, deployment.environment, 3 * DEADLINE))


def examine_fully(deployment: Deployment, *arguments: str) -> Examination:
    """Run the command as an administrator would."""
    return _examined(
        deployment.run(
            "manage", "azure_check", "--format", "json", *arguments, seconds=3 * DEADLINE
        )
    )


def _examined(result) -> Examination:
    return Examination(result.returncode, result.stdout, result.stderr)


def report_of(document: dict[str, Any]) -> Report:
    """The report behind this document."""
    return Report(
        document["plugin_version"],
        document["kolibri_version"],
        [
            Result(
                _CHECKS[entry["id"]],
                Outcome(
                    Status(entry["status"]),
                    entry["message"],
                    entry["cause"],
                    entry["remedy"],
                    entry["measurements"],
                    _blocker(entry),
                ),
                entry["duration_ms"],
            )
            for entry in document["checks"]
        ],
    )


def _blocker(entry: dict[str, Any]) -> str:
    message: str = entry["message"]
    return message.removeprefix("needs ") if message.startswith("needs azure.") else ""


RENDERERS = {
    "txt": lambda report: table.render(report, PLAIN),
    "short": short.render,
    "json": json_document.render,
}
