"""Keeps secrets out of what is printed, wherever they might turn up.

Secrets are kept out of messages where the messages are made. This is the second line: whoever
learns a secret calls :func:`remember`, and log handlers, the last words of a failed start and
Django's debug page go through :func:`redact`.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "********"

#: Shorter values stand in ordinary words; masking them would only make logs unreadable.
SHORTEST = 6

#: The attribute of a log record that holds further fields of its line, by their names.
FIELDS = "azure_fields"

_known: set[str] = set()


def remember(secret: str) -> None:
    """Mask this value, also percent-encoded or escaped, wherever :func:`redact` sees it."""
    if len(secret) >= SHORTEST:
        _known.update(_spellings(secret))


def _spellings(secret: str) -> Iterator[str]:
    """The value as URLs, Python, JSON and libpq's connection strings spell it, and both at once."""
    escaped = _escape(secret)
    for text in (secret, escaped, _escape(escaped)):
        yield text
        yield quote(text)
        yield quote(text, safe="")
        yield quote_plus(text)
        yield repr(text)[1:-1]
        yield json.dumps(text)[1:-1]


def _escape(text: str) -> str:
    """https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE"""
    return text.replace("\\", r"\\").replace("'", r"\'")


def redact(text: str) -> str:
    """The text with every remembered secret masked, the longest first."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def redact_all(value: Any) -> Any:
    """The same for all texts in a value that JSON knows."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_all(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_all(each) for each in value]
    return value


class MaskedString(str):
    """A string whose ``repr`` shows nothing, for the secrets that must stand in a setting.

    ``kolibri manage diffsettings`` prints settings by their ``repr``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


def _message_of(record: logging.LogRecord) -> str:
    """What a record says, also where its arguments don't fit: filters must not raise."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001
        record.msg, record.args = f"{record.msg} {record.args}", ()
        return str(record.msg)


class RedactingFilter(logging.Filter):
    """Masks remembered secrets in a log record, its fields and its traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = _message_of(record)
        redacted = redact(message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        if hasattr(record, FIELDS):
            setattr(record, FIELDS, redact_all(getattr(record, FIELDS)))
        if record.exc_info and record.exc_info[0] and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            # Formatters take this text, and another handler's may have made it already.
            record.exc_text = redact(record.exc_text)
        return True
