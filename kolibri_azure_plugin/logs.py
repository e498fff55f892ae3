"""What the plugin changes in Kolibri's logging."""

from __future__ import annotations

import logging
from typing import Any

from kolibri_azure_plugin.redaction import RedactingFilter

FILTER = "kolibri_azure_redaction"

#: The SDKs log several lines for each request at INFO, and again what they raise at WARNING.
SDK_LOGGERS = ("azure", "msal")


def keep_secrets_out_of_logs(config: dict[str, Any]) -> None:
    """Mask remembered secrets in every handler: those of a LOGGING dict, and those in use.

    :param config: a logging configuration in the form of :mod:`logging.config`.
    """
    config["filters"][FILTER] = {"()": RedactingFilter}
    for handler in config["handlers"].values():
        handler.setdefault("filters", []).append(FILTER)
    for name in SDK_LOGGERS:
        config["loggers"][name] = {"level": "ERROR"}
        logging.getLogger(name).setLevel(logging.ERROR)
    for handler_in_use in logging.getLogger().handlers:
        handler_in_use.addFilter(RedactingFilter())
