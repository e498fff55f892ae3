"""The plugin's own tables, on the connection of the request."""

from __future__ import annotations

from typing import Any

from django.db import connection

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.errors.redaction import redact_all


def state() -> State | None:
    """The tables; None where nothing is stored: on SQLite."""
    return State(connection) if uses_postgresql() else None


def ask() -> bool:
    """Ask the doctor for new reports; False if someone did so a moment ago, or there is none."""
    shared = state()
    return shared is not None and stored_reports.ask(shared)


def redacted_reports() -> list[dict[str, Any]]:
    """All stored reports, without any secret that this process knows."""
    shared = state()
    reports = stored_reports.read(shared) if shared is not None else []
    return [redact_all({**each.document, "age_s": round(each.age)}) for each in reports]
