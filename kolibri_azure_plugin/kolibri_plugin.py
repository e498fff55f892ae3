"""Where Kolibri finds the plugin, and the plugin says which of its modules are hooks."""

from __future__ import annotations

from kolibri.plugins import KolibriPluginBase


class AzurePlugin(KolibriPluginBase):
    """Runs Kolibri on PostgreSQL over TLS, with secrets from Key Vault."""

    kolibri_options = "kolibri_options"
    kolibri_option_defaults = "kolibri_option_defaults"
    django_settings = "django_settings"
    root_view_urls = "root_urls"

    def name(self, lang: str) -> str:  # noqa: ARG002
        return "Microsoft Azure"
