"""Logging of the container's own programs: to stdout, in the plugin's format."""

from __future__ import annotations

import os

from kolibri_azure_plugin.configuration.settings import environment_variable
from kolibri_azure_plugin.logs.programs import log_to_stdout


def configure() -> None:
    """Log in the format of KOLIBRI_AZURE_LOG_FORMAT; as text if that is invalid."""
    log_to_stdout(os.environ.get(environment_variable("log_format"), ""))
