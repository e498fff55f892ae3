"""What the doctor finds by itself, as log lines: one for each outcome, for alerts to read."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from kolibri_azure_plugin.checks.model import Scope, Status
from kolibri_azure_plugin.redaction import FIELDS

#: The name stands in the templates' alert, and in docs/logs.md.
logger = logging.getLogger("kolibri_azure_plugin.doctor")

LEVELS = {Status.WARN.value: logging.WARNING, Status.FAIL.value: logging.ERROR}

#: Fields of each line, and those of lines about a problem.
ALWAYS = ("check", "status", "scope")
OF_PROBLEMS = ("cause", "remedy", "docs")

#: What stands for a check's id where there is no outcome, because the doctor itself broke.
ITSELF = "azure.doctor"


def log(entries: Iterable[Mapping[str, Any]]) -> None:
    """Log the outcomes of an examination.

    :param entries: the checks of a report as docs/azure_check.schema.json describes them.
    """
    for entry in entries:
        status = entry["status"]
        names = (*ALWAYS, *OF_PROBLEMS) if status in LEVELS else ALWAYS
        known = {**entry, "check": entry["id"]}
        fields = {name: known[name] for name in names}
        if entry["measurements"]:
            fields["measurements"] = entry["measurements"]
        level = LEVELS.get(status, logging.INFO)
        logger.log(level, "%s", entry["message"], extra={FIELDS: fields})


def log_broken(scopes: Iterable[Scope], found: str) -> None:
    """Log that there is no report about these scopes, in the form of an outcome.

    :param found: what became of the doctor.
    """
    for scope in scopes:
        fields = {
            "check": ITSELF,
            "status": Status.FAIL.value,
            "scope": scope.value,
            "cause": found,
            "remedy": "kolibri manage azure_check",
        }
        logger.error("The doctor could not examine.", extra={FIELDS: fields})
