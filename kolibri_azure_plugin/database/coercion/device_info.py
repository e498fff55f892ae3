"""Truncates the device information that browsers report, which no user could correct."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models.signals import pre_save

from kolibri_azure_plugin.database.postgresql.storable import column_of, storable


def truncate_device_info() -> None:
    """Register the truncation in this process."""
    from kolibri.core.logger.models import UserSessionLog

    pre_save.connect(_truncate_device_info, sender=UserSessionLog)


def _truncate_device_info(sender: Any, instance: Any, **_about: Any) -> None:
    column = column_of(sender._meta.get_field("device_info"), connection)  # noqa: SLF001 - public
    instance.device_info = column.fit(storable(instance.device_info))
