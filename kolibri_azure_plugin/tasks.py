"""The plugin's tasks: Kolibri looks for a module of this name in each app."""

from __future__ import annotations

from kolibri_azure_plugin.housekeeping.regular_jobs import clean_up, remove_often
from kolibri_azure_plugin.syncing.task import advance_transfer

__all__ = ["advance_transfer", "clean_up", "remove_often"]
