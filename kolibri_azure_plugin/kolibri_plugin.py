"""The plugin as Kolibri discovers it, with the modules that are its hooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from kolibri.core.auth.hooks import FacilityDataSyncHook
from kolibri.core.hooks import NavigationHook
from kolibri.plugins import KolibriPluginBase
from kolibri.plugins.hooks import register_hook

from kolibri_azure_plugin.errors.fail_closed import fail_closed

#: The program's name in ``kolibri …`` and in ``python -m kolibri …``.
PROGRAMS = ("kolibri", "__main__.py")


def needs_no_database(arguments: Sequence[str]) -> bool:
    """True for ``kolibri plugin …``, which loads Django's settings but needs no database.

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
        """The module of Django settings, which Kolibri loads after all other hooks."""
        if needs_no_database(sys.argv):
            return "configuration.offline_settings"
        with fail_closed():
            from kolibri_azure_plugin.configuration import context

            alone = context.current().settings.serves_zip_content_only
        return "web.zip_content_settings" if alone else "django_settings"

    def name(self, lang: str) -> str:  # noqa: ARG002
        return "Microsoft Azure"


@register_hook
class RecordIncomingTransferHook(FacilityDataSyncHook):
    """Notes a transfer before its records are deserialized, to notify coaches afterwards."""

    def get_sync_operations(self, context: Any) -> list[Any]:
        """The operations that run at the current stage of a sync, before morango's own."""
        from morango.constants import transfer_stages

        if context.stage != transfer_stages.DESERIALIZING:
            return []
        from kolibri_azure_plugin.facility_data.notifications.transfers import (
            record_incoming_transfer,
        )

        return [record_incoming_transfer]


@register_hook
class StatusPageInMenu(NavigationHook):
    """Adds the administrator's page to Kolibri's menu, without a bundle from webpack."""

    bundle_id = "side_nav"

    @property
    def plugin_data(self) -> dict[str, str]:
        """What Kolibri's pages contain as data of this bundle."""
        from kolibri_azure_plugin.web.status import navigation

        return navigation.entry()

    def js_and_css_tags(self) -> list[str]:
        """The bundle's only tag, instead of one for each file that webpack has built."""
        from kolibri_azure_plugin.web.status import navigation

        return [navigation.TAG]
