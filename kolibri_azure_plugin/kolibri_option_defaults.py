"""Kolibri's hook for the defaults of its own options. None of them is a secret."""

from __future__ import annotations

import os

from kolibri_azure_plugin.fail_closed import fail_closed

with fail_closed():
    # What can't be imported ends the process too: Kolibri would go on without the plugin.
    from kolibri_azure_plugin import context, preconditions

    here = context.current()
    option_defaults: dict[str, dict[str, object]] = {}
    if here.settings.serves_zip_content_only or preconditions.wants_postgresql(
        here.settings, os.environ, here.options
    ):
        # Where there is no database at all, Kolibri must still not make one of SQLite.
        option_defaults["Database"] = {"DATABASE_ENGINE": "postgres"}
        # Instances of one device would find each other in the network, and call each other peers.
        option_defaults["Deployment"] = {"ZEROCONF_ENABLED": False}
    if not here.settings.is_test or os.path.isdir(here.settings.content_mount):
        option_defaults["Paths"] = {"CONTENT_DIR": here.settings.content_mount}
