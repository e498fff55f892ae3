"""Keeps secrets out of everything that is printed.

Messages should contain no secrets in the first place. This is the second line of defence: code that
reads a secret calls :func:`remember`. Log handlers, the last message of a failed start and Django's
debug page go through :func:`redact`.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "********"

#: Shorter values also occur in ordinary words; masking them would make logs unreadable.
MIN_LENGTH = 6

#: The attribute of a log record with the further fields of its line, by name.
FIELDS = "azure_fields"

_known: set[str] = set()


def remember(secret: str) -> None:
    """Mask this value, also percent-encoded or escaped, wherever :func:`redact` sees it."""
    if len(secret) >= MIN_LENGTH:
        _known.update(_spellings(secret))


def forget_all() -> None:
    """Stop masking: a test starts without the secrets of earlier tests."""
    _known.clear()


def _spellings(secret: str) -> Iterator[str]:
    """The value as URLs, Python, JSON and libpq's connection strings spell it, or two of them."""
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
    """The text with every remembered secret masked, longest first."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def redact_all(value: Any) -> Any:
    """Redact all texts in a JSON value."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_all(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_all(each) for each in value]
    return value


class MaskedString(str):
    """A string whose ``repr`` shows nothing, for secrets in Django's settings.

    ``kolibri manage diffsettings`` prints settings by their ``repr``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


def _message_of(record: logging.LogRecord) -> str:
    """The record's message, even if its arguments don't fit: filters must not raise."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001
        record.msg, record.args = f"{record.msg} {record.args}", ()
        return str(record.msg)


class RedactingFilter(logging.Filter):
    """Masks remembered secrets in a log record, including its fields and traceback."""

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
            # Formatters use this text, and another handler's formatter may have set it already.
            record.exc_text = redact(record.exc_text)
        return True
