"""The plugin's Django settings, but with Kolibri's default caches."""

from __future__ import annotations

import os

from kolibri.deployment.default.settings.base import *  # noqa: F403
from kolibri.utils.conf import KOLIBRI_HOME

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "TIMEOUT": 300,
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
    "process_cache": {
        "BACKEND": "kolibri.deployment.default.custom_django_cache.CustomDjangoCache",
        "LOCATION": os.path.join(KOLIBRI_HOME, "process_cache"),
        "TIMEOUT": 300,
        "SHARDS": 8,
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
}
