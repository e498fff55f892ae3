"""What a browser says of itself, cut to fit: nobody has typed it, and nobody could correct it."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models.signals import pre_save

from kolibri_azure_plugin.database.postgresql.storable import column_of, storable


def cut_what_is_too_long() -> None:
    """Begin with it, in this process."""
    from kolibri.core.logger.models import UserSessionLog

    pre_save.connect(_cut_device_info, sender=UserSessionLog)


def _cut_device_info(sender: Any, instance: Any, **_about: Any) -> None:
    column = column_of(sender._meta.get_field("device_info"), connection)  # noqa: SLF001 - public
    instance.device_info = column.fit(storable(instance.device_info))
