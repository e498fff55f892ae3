"""Kolibri's hook for the defaults of its own options. None of them is a secret."""

from __future__ import annotations

from kolibri_azure_plugin.errors.fail_closed import fail_closed

with fail_closed():
    # A failed import must end the process too. Kolibri would go on without the plugin.
    from kolibri_azure_plugin.configuration import context

    deployment = context.current().deployment
    option_defaults: dict[str, dict[str, object]] = {}
    if not deployment.option("Paths", "CONTENT_DIR"):
        option_defaults["Paths"] = {"CONTENT_DIR": deployment.content_folder}
    if deployment.settings.serves_zip_content_only or deployment.wants_postgresql:
        # Without any database, Kolibri must still not create an SQLite one.
        option_defaults["Database"] = {"DATABASE_ENGINE": "postgres"}
        # Instances of one device would discover each other on the network as peers.
        option_defaults["Deployment"] = {"ZEROCONF_ENABLED": False}
