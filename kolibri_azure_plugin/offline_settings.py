"""The hook for Django settings where django_settings would do too much: ``kolibri plugin …``.

That command asks Django for translations only (0.19.5, utils/cli.py), so nothing is verified and
nobody is asked for a secret. In return it gets no database: with any other outcome a mistake here
could end on one that nobody chose.
"""

from __future__ import annotations

import sys

from kolibri_azure_plugin.fail_closed import fail_closed

with fail_closed():
    for _entry in sys.modules["kolibri.deployment.default.settings.base"].DATABASES.values():
        _entry.clear()
        _entry["ENGINE"] = "django.db.backends.dummy"
