"""Applies the patches, and logs which are left out because Kolibri has changed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from kolibri.plugins import config

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.kolibri_patches.selection import (
    ACCEPT,
    PatchSelection,
    relevant_patches,
    require_safety,
    select_patches,
)

logger = logging.getLogger(__name__)

#: The messages that the parent process has logged already. Child processes of the same start, such
#: as the workers' process, don't repeat them.
LOGGED_VARIABLE = "KOLIBRI_AZURE_PATCHES_LEFT_OUT"

LEVELS = {Kind.SAFETY: logging.ERROR, Kind.CORRECTNESS: logging.WARNING, Kind.SPEED: logging.INFO}


def apply_patches() -> None:
    """Apply the patches in this process.

    :raises SettingsError: when a safety patch no longer fits Kolibri, and no setting accepts that.
    """
    here = context.current().settings
    patches = relevant_patches(
        here.role, on_postgresql=uses_postgresql(), plugins=config.ACTIVE_PLUGINS
    )
    selection = select_patches(patches, Patch.fits)
    require_safety(selection, here.accept_changed_kolibri)
    _log_once(list(_messages(selection)))
    for patch in selection.fitting:
        patch.apply()


def _messages(selection: PatchSelection) -> Iterator[tuple[int, str]]:
    for kind, level in LEVELS.items():
        permitted = f" {ACCEPT} permits it." if kind is Kind.SAFETY else ""
        for consequence in selection.consequences(kind):
            yield level, f"{consequence}{permitted}"


def _log_once(messages: list[tuple[int, str]]) -> None:
    said = "\n".join(message for _, message in messages)
    if said == os.environ.get(LOGGED_VARIABLE, ""):
        return
    os.environ[LOGGED_VARIABLE] = said
    for level, message in messages:
        logger.log(level, "%s", message)
