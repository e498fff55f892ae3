"""How programs log that run beside Kolibri and without Django."""

from __future__ import annotations

import logging
import sys

from kolibri_azure_plugin.logs.formatters import FORMATTERS
from kolibri_azure_plugin.redaction import RedactingFilter


def log_to_stdout(log_format: str) -> None:
    """Log in the form that Kolibri's lines have.

    :param log_format: a name of FORMATTERS; text where it is none.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(FORMATTERS.get(log_format, FORMATTERS["text"])())
    handler.addFilter(RedactingFilter())
    # Kolibri, where it was imported already, has handlers of its own.
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
