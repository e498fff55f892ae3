"""Keeps users' names and learners' answers out of log lines.

Kolibri's own lines name users by their ids. Two texts by others contain more: the address of a
request, with what someone typed into a search field, and PostgreSQL's explanation of an error, with
the values of a row.
"""

from __future__ import annotations

import logging
import re

from kolibri_azure_plugin.errors.redaction import RedactingFilter

#: The parameters of Kolibri's addresses that contain names of users (0.19.5, core/auth/api.py and
#: core/public/api.py).
PARAMETERS = re.compile(r"(?<=[?&])(search|username|full_name|id_number)=[^&\s\"'#]+")

#: PostgreSQL's words, between which are values. A statement's excerpt contains values too.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html lists the errors.
VALUES = tuple(
    (re.compile(pattern, re.DOTALL | re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"(Key \([^)\n]*\)=)\(.*?\)(?= (?:already|is (?:not|still)|conflicts))", r"\1(…)"),
        (r"(Failing row contains )\(.*?\)\.(?!\w)", r"\1(…)."),
        (r"^(LINE \d+: )[^\n]*$", r"\1…"),
        (r"(invalid input (?:syntax|value) for [^:\n]*: )\".*?\"(?=\s|$)", r'\1"…"'),
        (r"(value )\".*?\"(?= is out of range)", r'\1"…"'),
    )
)


def hide_personal_data(text: str) -> str:
    """The text without names and answers."""
    text = PARAMETERS.sub(r"\1=…", text)
    for pattern, replacement in VALUES:
        text = pattern.sub(replacement, text)
    return text


class LogFilter(RedactingFilter):
    """Masks remembered secrets, and hides personal data."""

    def filter(self, record: logging.LogRecord) -> bool:
        super().filter(record)
        message = record.getMessage()
        hidden = hide_personal_data(message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        if record.exc_text:
            record.exc_text = hide_personal_data(record.exc_text)
        return True
