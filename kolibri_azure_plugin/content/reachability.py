"""Asks whether a share answers, for functions of Kolibri that would wait for one that hangs."""

from __future__ import annotations

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.persistent_probe import GONE
from kolibri_azure_plugin.content.probe import ProbeTimeoutError


def reason_unreachable(folder: str) -> str:
    """Why the share hangs or is gone; empty if its server answers, even if only with an error."""
    try:
        probe.touch(folder)
    except ProbeTimeoutError as error:
        return str(error)
    except OSError as error:
        if error.errno in GONE:
            return str(error.strerror)
    return ""
