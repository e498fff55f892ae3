"""Logging for programs that run next to Kolibri, without Django."""

from __future__ import annotations

import logging
import sys

from kolibri_azure_plugin.logs.formatters import FORMATTERS
from kolibri_azure_plugin.logs.personal_data import LogFilter


def log_to_stdout(log_format: str) -> None:
    """Log in the format of Kolibri's lines.

    :param log_format: a name of FORMATTERS; any other means text.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(FORMATTERS.get(log_format, FORMATTERS["text"])())
    handler.addFilter(LogFilter())
    # If Kolibri is already imported, it has added its own handlers.
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
