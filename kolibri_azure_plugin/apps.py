"""The plugin as a Django app."""

from __future__ import annotations

from django.apps import AppConfig

from kolibri_azure_plugin.database.config import uses_postgresql
from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.logs.error_reports import mask_error_reports


class AzureConfig(AppConfig):
    """Readies what can only be readied once Django has its apps."""

    name = "kolibri_azure_plugin"

    def ready(self) -> None:
        mask_error_reports()
        if uses_postgresql():
            from kolibri_azure_plugin.caching.signed_in_users import forget_what_changes
            from kolibri_azure_plugin.channels.taking_turns import change_content_one_at_a_time
            from kolibri_azure_plugin.database.sqlalchemy import connect_like_django
            from kolibri_azure_plugin.fitting.visits import cut_what_is_too_long

            connect_like_django()
            cut_what_is_too_long()
            change_content_one_at_a_time()
            forget_what_changes()
        from kolibri_azure_plugin.fresh_threads import begin_each_request_afresh
        from kolibri_azure_plugin.kolibri_patches.application import apply_patches

        begin_each_request_afresh()
        with fail_closed():
            apply_patches()
