"""The plugin's tasks. Kolibri looks for a module with this name in each app."""

from __future__ import annotations

from kolibri_azure_plugin.content.first_content.task import begin_first_imports
from kolibri_azure_plugin.facility_data.syncing.task import advance_transfer
from kolibri_azure_plugin.housekeeping.regular_jobs import back_up, clean_up, remove_often

__all__ = ["advance_transfer", "back_up", "begin_first_imports", "clean_up", "remove_often"]
