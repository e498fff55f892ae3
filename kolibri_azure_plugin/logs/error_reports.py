"""Keeps secrets out of the error reports that another plugin has Sentry's SDK send.

A report carries the local variables of each function that an error went through, as they were. The
SDK masks those whose name says that they are a password; not a URL that holds one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from kolibri_azure_plugin.redaction import redact_all

Event = dict[str, Any]
BeforeSend = Callable[[Event, dict[str, Any]], "Event | None"]

#: The SDK's options for a function that sees all of a report, as text, before it is sent.
OPTIONS = ("before_send", "before_send_transaction")


def mask_error_reports() -> None:
    """Have the SDK mask what is remembered, where a plugin has started it already.

    Who loads it later is not held up: it is looked for, and never imported. Calling this again
    does no harm.
    """
    sdk = sys.modules.get("sentry_sdk")
    if sdk is None:
        return
    options = sdk.get_client().options
    for name in OPTIONS:
        if name in options and not isinstance(options[name], _Masked):
            options[name] = _Masked(options[name])


class _Masked:
    """What was to be done before a report is sent, if anything, and then the masking."""

    def __init__(self, wanted: BeforeSend | None) -> None:
        self._wanted = wanted

    def __call__(self, event: Event, hint: dict[str, Any]) -> Event | None:
        kept = self._wanted(event, hint) if self._wanted else event
        return redact_all(kept)
