"""The Django settings hook for the zipcontent role, in place of django_settings."""

from __future__ import annotations

from kolibri_azure_plugin.errors.fail_closed import fail_closed

with fail_closed():
    from kolibri_azure_plugin.configuration import base_settings, context
    from kolibri_azure_plugin.logs.configuration import configure
    from kolibri_azure_plugin.web.zip_content import server

    _base = base_settings.loaded()
    _settings = context.current().settings
    configure(_base.LOGGING, _settings.log_format)
    server.require_zip_content_server()
    server.verify_content(_settings)
    server.strip(_base)
