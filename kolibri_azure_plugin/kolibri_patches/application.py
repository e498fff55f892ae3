"""Puts the patches into their places, and decides what happens where Kolibri has changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import kolibri
from django.conf import settings as django_settings
from kolibri.plugins import config

from kolibri_azure_plugin import context
from kolibri_azure_plugin.database.config import ENGINE
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.kolibri_patches import PATCHES
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

logger = logging.getLogger(__name__)


def apply_patches() -> None:
    """Change Kolibri, in this process.

    :raises SettingsError: when Kolibri has changed what keeps data safe.
    """
    here = context.current().settings
    on_postgresql = django_settings.DATABASES["default"]["ENGINE"] == ENGINE
    wanted = [
        patch
        for patch in PATCHES
        if here.role in patch.roles
        and (on_postgresql or not patch.postgresql_only)
        and (not patch.plugin or patch.plugin in config.ACTIVE_PLUGINS)
    ]
    strangers = [patch for patch in wanted if not patch.fits()]
    _refuse_what_keeps_data_safe(strangers)
    for patch in strangers:
        logger.warning(
            "Kolibri %s has another %s.%s than this plugin knows: %s",
            kolibri.__version__,
            patch.module,
            patch.name,
            patch.without,
        )
    for patch in wanted:
        if patch not in strangers:
            patch.apply()


def _refuse_what_keeps_data_safe(strangers: Iterable[Patch]) -> None:
    unsafe = [patch for patch in strangers if patch.kind is Kind.SAFETY]
    if unsafe:
        names = ", ".join(sorted({f"{patch.module}.{patch.name}" for patch in unsafe}))
        raise SettingsError(
            "Kolibri has changed what this plugin changes to keep data safe.",
            expected="a version of Kolibri that this version of the plugin was written for",
            found=f"Kolibri {kolibri.__version__}, whose {names} is another",
            remedy="Install the version of Kolibri that the plugin's release names.",
            code="kolibri-changed",
        )
