"""The plugin's tasks: Kolibri looks for a module of this name in each app."""

from __future__ import annotations

from kolibri_azure_plugin.housekeeping.regular_jobs import clean_up, remove_uploads

__all__ = ["clean_up", "remove_uploads"]
