"""How the container's own programs log: on stdout, in the form that the plugin's lines have."""

from __future__ import annotations

import os

from kolibri_azure_plugin.logs.programs import log_to_stdout


def configure() -> None:
    """Log as KOLIBRI_AZURE_LOG_FORMAT says; as text where it says something else."""
    log_to_stdout(os.environ.get("KOLIBRI_AZURE_LOG_FORMAT", ""))
