"""Keeps secrets out of the error reports that Sentry's SDK sends for another plugin.

A report contains the local variables of each function in the traceback. The SDK masks a variable
whose name suggests a password, but not a URL that contains one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from kolibri_azure_plugin.errors.redaction import redact_all

Event = dict[str, Any]
BeforeSend = Callable[[Event, dict[str, Any]], "Event | None"]

#: The SDK's options for a function that can change a report before it is sent.
OPTIONS = ("before_send", "before_send_transaction")


def mask_error_reports() -> None:
    """Have the SDK mask remembered secrets, if a plugin has started it already.

    The SDK is never imported here, so a plugin that loads it later is not affected. Calling this
    again does no harm.
    """
    sdk = sys.modules.get("sentry_sdk")
    if sdk is None:
        return
    options = sdk.get_client().options
    for name in OPTIONS:
        if name in options and not isinstance(options[name], _Masked):
            options[name] = _Masked(options[name])


class _Masked:
    """Calls the configured function, if there is one, and masks its result."""

    def __init__(self, wanted: BeforeSend | None) -> None:
        self._wanted = wanted

    def __call__(self, event: Event, hint: dict[str, Any]) -> Event | None:
        kept = self._wanted(event, hint) if self._wanted else event
        return redact_all(kept)
