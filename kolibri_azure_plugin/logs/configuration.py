"""What the plugin changes in Kolibri's logging."""

from __future__ import annotations

import logging
import sys
from typing import Any

from kolibri_azure_plugin.errors.redaction import RedactingFilter
from kolibri_azure_plugin.logs.error_reports import mask_error_reports
from kolibri_azure_plugin.logs.formatters import FORMATTERS
from kolibri_azure_plugin.logs.personal_data import LogFilter
from kolibri_azure_plugin.logs.requests import add_request_to_records

FILTER = "kolibri_azure_redaction"
FORMATTER = "kolibri_azure"

#: The SDKs log several lines for each request at INFO, and what they raise at WARNING.
SDK_LOGGERS = ("azure", "msal")

#: Loggers that write to stdout or stderr before Kolibri's own configuration applies.
EARLY_LOGGERS = ("", "cherrypy.access", "gunicorn.error", "gunicorn.access")

CONSOLE, ERROR_CONSOLE = "console", "console-error"

#: It has no recipients, but still renders a page for each error. That takes time, and fails if the
#: request can't be read.
MAIL = "mail_admins"


def configure(config: dict[str, Any], log_format: str) -> None:
    """Change Kolibri's configuration: all on stdout, one line per event, no secrets, no names.

    Kolibri's log files, if enabled, keep their format.

    :param config: a logging configuration in the form of :mod:`logging.config`.
    :param log_format: a name of FORMATTERS.
    """
    add_request_to_records()
    mask_error_reports()
    logging.captureWarnings(True)
    config["filters"][FILTER] = {"()": LogFilter}
    config["formatters"][FORMATTER] = {"()": FORMATTERS[log_format]}
    for unwanted in (ERROR_CONSOLE, MAIL):
        _remove(config, unwanted)
    config["handlers"][CONSOLE].update(formatter=FORMATTER, filters=[])
    for handler in config["handlers"].values():
        handler.setdefault("filters", []).append(FILTER)
    for name in SDK_LOGGERS:
        config["loggers"][name] = {"level": "ERROR"}


def _remove(config: dict[str, Any], handler: str) -> None:
    config["handlers"].pop(handler)
    for logger in config["loggers"].values():
        while handler in logger.get("handlers", ()):
            logger["handlers"].remove(handler)


def take_over(log_format: str) -> None:
    """Do the same to the handlers in use, which log until Django is configured.

    :param log_format: a name of FORMATTERS.
    """
    add_request_to_records()
    for name in SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in EARLY_LOGGERS:
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            _take_over(logger, handler, log_format)


def _take_over(logger: logging.Logger, handler: logging.Handler, log_format: str) -> None:
    handler.addFilter(LogFilter())
    stream = getattr(handler, "stream", None)
    if stream is sys.stderr and logger.name in ("", "cherrypy.access"):
        logger.removeHandler(handler)
    elif stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        # A colour library that Kolibri loads replaces each stream with its own.
        handler.setFormatter(FORMATTERS[log_format]())
        for other in list(handler.filters):
            if not isinstance(other, RedactingFilter):
                handler.removeFilter(other)
