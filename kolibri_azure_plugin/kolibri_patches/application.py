"""Puts the patches into their places, and says what is left out where Kolibri has changed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from kolibri.plugins import config

from kolibri_azure_plugin import context
from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.kolibri_patches.judgement import (
    ACCEPT,
    Judgement,
    judge,
    require_safety,
    wanted,
)
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

logger = logging.getLogger(__name__)

#: What was said already by the process that started this one: the workers' process and others say
#: nothing of what the log of the same start holds.
SAID = "KOLIBRI_AZURE_PATCHES_LEFT_OUT"

LEVELS = {Kind.SAFETY: logging.ERROR, Kind.CORRECTNESS: logging.WARNING, Kind.SPEED: logging.INFO}


def apply_patches() -> None:
    """Change Kolibri, in this process.

    :raises SettingsError: when Kolibri has changed what keeps data safe, and nobody accepts that.
    """
    here = context.current().settings
    patches = wanted(here.role, on_postgresql=uses_postgresql(), plugins=config.ACTIVE_PLUGINS)
    judgement = judge(patches, Patch.fits)
    require_safety(judgement, here.accept_changed_kolibri)
    _say_once(list(_messages(judgement)))
    for patch in judgement.fitting:
        patch.apply()


def _messages(judgement: Judgement) -> Iterator[tuple[int, str]]:
    for kind, level in LEVELS.items():
        permitted = f" {ACCEPT} permits it." if kind is Kind.SAFETY else ""
        for consequence in judgement.consequences(kind):
            yield level, f"{consequence}{permitted}"


def _say_once(messages: list[tuple[int, str]]) -> None:
    said = "\n".join(message for _, message in messages)
    if said == os.environ.get(SAID, ""):
        return
    os.environ[SAID] = said
    for level, message in messages:
        logger.log(level, "%s", message)
