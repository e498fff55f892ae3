"""Where Kolibri finds the plugin, and the plugin says which of its modules are hooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from kolibri.core.auth.hooks import FacilityDataSyncHook
from kolibri.plugins import KolibriPluginBase
from kolibri.plugins.hooks import register_hook

from kolibri_azure_plugin.fail_closed import fail_closed

#: The program's name in ``kolibri …`` and in ``python -m kolibri …``.
PROGRAMS = ("kolibri", "__main__.py")


def needs_no_database(arguments: Sequence[str]) -> bool:
    """True for ``kolibri plugin …``: it comes upon Django's settings, but needs no database.

    :param arguments: ``sys.argv``.
    """
    return os.path.basename(arguments[0]) in PROGRAMS and list(arguments[1:2]) == ["plugin"]


class AzurePlugin(KolibriPluginBase):
    """Runs Kolibri on PostgreSQL over TLS, with secrets from Key Vault."""

    kolibri_options = "kolibri_options"
    kolibri_option_defaults = "kolibri_option_defaults"
    root_view_urls = "root_urls"

    @property
    def django_settings(self) -> str:
        """The hook for Django settings, which Kolibri asks for after all others."""
        if needs_no_database(sys.argv):
            return "offline_settings"
        with fail_closed():
            from kolibri_azure_plugin import context

            alone = context.current().settings.serves_zip_content_only
        return "zip_content_settings" if alone else "django_settings"

    def name(self, lang: str) -> str:  # noqa: ARG002
        return "Microsoft Azure"


@register_hook
class NotesWhatASyncBrings(FacilityDataSyncHook):
    """Notes a transfer before its records are taken in: coaches are to be told of them after."""

    def get_sync_operations(self, context: Any) -> list[Any]:
        """What a sync does at the stage that it has come to, before what morango does there."""
        from morango.constants import transfer_stages

        if context.stage != transfer_stages.DESERIALIZING:
            return []
        from kolibri_azure_plugin.notifications.synced import note_before_taking_in

        return [note_before_taking_in]
