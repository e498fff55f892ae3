"""The plugin as a Django app."""

from __future__ import annotations

from django.apps import AppConfig

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.errors.fail_closed import fail_closed
from kolibri_azure_plugin.logs.error_reports import mask_error_reports


class AzureConfig(AppConfig):
    """Sets up everything that needs Django's apps to be loaded."""

    name = "kolibri_azure_plugin"

    def ready(self) -> None:
        mask_error_reports()
        if uses_postgresql():
            from kolibri_azure_plugin.content.channels.channel_locks import (
                lock_content_transactions,
            )
            from kolibri_azure_plugin.database.coercion.device_info import truncate_device_info
            from kolibri_azure_plugin.database.sqlalchemy import connect_like_django
            from kolibri_azure_plugin.speed.signed_in_users import connect_invalidation_signals

            connect_like_django()
            truncate_device_info()
            lock_content_transactions()
            connect_invalidation_signals()
        from kolibri_azure_plugin.instances.thread_state import reset_state_before_requests
        from kolibri_azure_plugin.kolibri_patches.apply import apply_patches
        from kolibri_azure_plugin.web.status.navigation import allow_script

        reset_state_before_requests()
        allow_script()
        with fail_closed():
            apply_patches()
