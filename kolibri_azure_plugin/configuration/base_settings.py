"""Kolibri's module of Django settings, which imports the plugin's near its end.

Import nothing else here: ``kolibri plugin …`` loads this module too.
"""

from __future__ import annotations

import sys
from typing import Any

#: The module whose settings are changed, even when another settings module imports from it.
NAME = "kolibri.deployment.default.settings.base"


def loaded() -> Any:
    """The module. It is still being imported, so its settings can be changed in place."""
    return sys.modules[NAME]
