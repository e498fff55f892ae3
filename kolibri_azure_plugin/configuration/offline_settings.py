"""The hook for Django settings of ``kolibri plugin …``, for which django_settings does too much.

That command uses Django for translations only (0.19.5, utils/cli.py), so nothing is verified and no
secret is read. It has no database either: otherwise a mistake here could make it use one that no
one chose.
"""

from __future__ import annotations

from kolibri_azure_plugin.errors.fail_closed import fail_closed

with fail_closed():
    from kolibri_azure_plugin.configuration import base_settings

    for _entry in base_settings.loaded().DATABASES.values():
        _entry.clear()
        _entry["ENGINE"] = "django.db.backends.dummy"
