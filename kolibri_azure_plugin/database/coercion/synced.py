"""Coerces records of a sync: truncates long texts, and replaces numbers by the nearest allowed one.

A field that a newer Kolibri has added is empty in records from before its upgrade, though Kolibri
itself takes it for its default. It gets this default, as in records of an older Kolibri.

Morango would skip a record that does not fit, and every record that depends on it: the learner, and
all of her work. Morango's store keeps the school's data unchanged, and the coerced record does not
count as a change to sync back.
"""

from __future__ import annotations

import logging
from typing import Any, Callable

from django.db import connection, models

from kolibri_azure_plugin.database.postgresql.storable import column_of, storable
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def coerce_synced_records(deserialize: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``SyncableModel.deserialize``, which creates an unsaved record from the data."""
    make = deserialize.__func__  # type: ignore[attr-defined]

    @wraps(make)
    def deserialize_coerced(cls: Any, *arguments: Any, **keywords: Any) -> Any:
        record = make(cls, *arguments, **keywords)
        for field in cls._meta.concrete_fields:
            _fill(record, field)
            _fit(record, field)
        return record

    return classmethod(deserialize_coerced)  # type: ignore[return-value]


def _fill(record: Any, field: Any) -> None:
    """Kolibri 0.19.5: ``Exam.instant_report_visibility`` may be null, but not blank."""
    required = field.null and not field.blank and field.has_default()
    if required and getattr(record, field.attname) is None:
        setattr(record, field.attname, field.get_default())


def _fit(record: Any, field: Any) -> None:
    # A truncated key would be a different key.
    if type(field) is not models.CharField and not isinstance(field, models.IntegerField):
        return
    sent = getattr(record, field.attname)
    fitting = column_of(field, connection).fit(storable(sent))
    if fitting != sent:
        setattr(record, field.attname, fitting)
        logger.warning(
            "%s %s arrived by sync with a %s that does not fit PostgreSQL: %s",
            type(record).__name__,
            record.pk,
            field.name,
            "saved without the unsupported characters."
            if isinstance(sent, str)
            else f"saved as {fitting}.",
        )
