"""Kolibri imports this before it upgrades anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kolibri.core.upgrade import VersionUpgrade
from kolibri.plugins import KolibriPluginBase

LOG = "UPGRADE_COUNTER_FILE"


class UpgradeCounter(KolibriPluginBase):
    """Has nothing to show."""


def _count(upgrade: VersionUpgrade) -> Any:
    with Path(os.environ[LOG]).open("a") as file:
        file.write(f"{upgrade.module}.{upgrade.upgrade.__name__} {os.getpid()}\n")
    return upgrade.upgrade()


VersionUpgrade.__call__ = _count
