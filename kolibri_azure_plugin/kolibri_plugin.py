"""Where Kolibri finds the plugin, and the plugin says which of its modules are hooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from kolibri.plugins import KolibriPluginBase

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
    django_settings = "offline_settings" if needs_no_database(sys.argv) else "django_settings"
    root_view_urls = "root_urls"

    def name(self, lang: str) -> str:  # noqa: ARG002
        return "Microsoft Azure"
