"""The formats of log lines: one line per event, as text or as JSON."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import socket
from collections.abc import Mapping
from typing import Any

from kolibri_azure_plugin.errors.redaction import FIELDS

#: Characters that end a line or control a terminal, and Unicode's line ends.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

#: App Service's instance ids have 64 digits; the portal shows the first ones.
INSTANCE_DIGITS = 6


def instance_name() -> str:
    """The platform's name for this instance; elsewhere, the host name."""
    return os.environ.get("WEBSITE_INSTANCE_ID", "")[:INSTANCE_DIGITS] or socket.gethostname()


class TextFormatter(logging.Formatter):
    """``TIME LEVEL LOGGER instance=… request=… client=… MESSAGE | FIELD: VALUE``, in UTC."""

    def __init__(self) -> None:
        super().__init__()
        self._instance = instance_name()

    def format(self, record: logging.LogRecord) -> str:
        request, client = (
            getattr(record, "azure_request", "-"),
            getattr(record, "azure_client", "-"),
        )
        parts = (
            timestamp(record),
            f"{record.levelname:<7}",
            record.name,
            f"instance={self._instance}",
            f"request={request}",
            f"client={client}",
            " | ".join(filter(None, (record.getMessage(), *_pairs(record), self.details(record)))),
        )
        return CONTROL.sub(_escape, " ".join(parts))

    def details(self, record: logging.LogRecord) -> str:
        """The traceback, if there is one."""
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        stack = self.formatStack(record.stack_info) if record.stack_info else ""
        return "\n".join(filter(None, (record.exc_text, stack)))


class JsonFormatter(TextFormatter):
    """One JSON object per event."""

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": timestamp(record),
            "level": record.levelname,
            "logger": record.name,
            "instance": self._instance,
            "request": getattr(record, "azure_request", "-"),
            "client": getattr(record, "azure_client", "-"),
            "process": record.process,
            "message": record.getMessage(),
            **fields_of(record),
        }
        details = self.details(record)
        if details:
            event["exception"] = details
        return json.dumps(event)


FORMATTERS = {"text": TextFormatter, "json": JsonFormatter}


def fields_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """The record's further fields, by names that no other part of a line has."""
    fields: Mapping[str, Any] = getattr(record, FIELDS, {})
    return fields


def _pairs(record: logging.LogRecord) -> list[str]:
    return [f"{name}: {_text(value)}" for name, value in fields_of(record).items()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def timestamp(record: logging.LogRecord) -> str:
    """When it happened, as ISO 8601 in UTC with milliseconds."""
    when = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return ESCAPES.get(character) or f"\\u{ord(character):04x}"
