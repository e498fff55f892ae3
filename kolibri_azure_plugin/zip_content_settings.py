"""The hook for Django settings in role zipcontent, in place of django_settings."""

from __future__ import annotations

import sys

from kolibri_azure_plugin.fail_closed import fail_closed

with fail_closed():
    from kolibri_azure_plugin import context
    from kolibri_azure_plugin.logs.configuration import configure
    from kolibri_azure_plugin.zip_content import server

    _base = sys.modules["kolibri.deployment.default.settings.base"]
    _settings = context.current().settings
    configure(_base.LOGGING, _settings.log_format)
    server.require_server_of_zip_content()
    server.verify_content(_settings)
    server.strip(_base)
