"""Logs the outcomes of the doctor's rounds, one line each, for alerts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.registry import Scope
from kolibri_azure_plugin.errors.redaction import FIELDS

#: The templates' alert and docs/logs.md contain this name.
logger = logging.getLogger("kolibri_azure_plugin.doctor")

LEVELS = {Status.WARN.value: logging.WARNING, Status.FAIL.value: logging.ERROR}

#: The fields of each line, and the additional fields of a problem.
ALWAYS = ("check", "status", "scope")
PROBLEM_FIELDS = ("cause", "remedy", "docs")

#: Replaces a check's id if the doctor itself failed.
ITSELF = "azure.doctor"


def log(entries: Iterable[Mapping[str, Any]]) -> None:
    """Log the outcomes of an examination.

    :param entries: the checks of a report as docs/azure_check.schema.json describes them.
    """
    for entry in entries:
        status = entry["status"]
        names = (*ALWAYS, *PROBLEM_FIELDS) if status in LEVELS else ALWAYS
        known = {**entry, "check": entry["id"]}
        fields = {name: known[name] for name in names}
        if entry["measurements"]:
            fields["measurements"] = entry["measurements"]
        level = LEVELS.get(status, logging.INFO)
        logger.log(level, "%s", entry["message"], extra={FIELDS: fields})


def log_broken(scopes: Iterable[Scope], found: str) -> None:
    """Log that there is no report about these scopes, in the form of an outcome.

    :param found: how the doctor ended.
    """
    for scope in scopes:
        fields = {
            "check": ITSELF,
            "status": Status.FAIL.value,
            "scope": scope.value,
            "cause": found,
            "remedy": "kolibri manage azure_check",
        }
        logger.error("The doctor could not examine the deployment.", extra={FIELDS: fields})
