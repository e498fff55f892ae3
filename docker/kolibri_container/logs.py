"""How the container's own programs log: on stdout, in the form that the plugin's lines have."""

from __future__ import annotations

import logging
import os
import sys

from kolibri_azure_plugin.logs.formatters import FORMATTERS
from kolibri_azure_plugin.redaction import RedactingFilter


def configure() -> None:
    """Log as KOLIBRI_AZURE_LOG_FORMAT says; as text where it says something else."""
    name = os.environ.get("KOLIBRI_AZURE_LOG_FORMAT", "")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(FORMATTERS.get(name, FORMATTERS["text"])())
    handler.addFilter(RedactingFilter())
    # Kolibri, where it was imported already, has handlers of its own.
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
