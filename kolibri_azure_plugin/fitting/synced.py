"""Records of a sync that fit: the beginning of a text that is too long, the nearest number.

A record that does not fit would be left out, and all that depends on it: the learner, and whatever
she did. What the school sent stays whole in morango's store, and the record here is no change that
would go back to the school.
"""

from __future__ import annotations

import logging
from typing import Any, Callable

from django.db import connection, models

from kolibri_azure_plugin.database.postgresql.storable import column_of, storable
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def fit_synced_records(deserialize: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``SyncableModel.deserialize``, which makes an unsaved record of what was sent."""
    make = deserialize.__func__  # type: ignore[attr-defined]

    @wraps(make)
    def make_fitting(cls: Any, *arguments: Any, **keywords: Any) -> Any:
        record = make(cls, *arguments, **keywords)
        for field in cls._meta.concrete_fields:
            _fit(record, field)
        return record

    return classmethod(make_fitting)  # type: ignore[return-value]


def _fit(record: Any, field: Any) -> None:
    # A key that is cut would be another one.
    if type(field) is not models.CharField and not isinstance(field, models.IntegerField):
        return
    sent = getattr(record, field.attname)
    fitting = column_of(field, connection).fit(storable(sent))
    if fitting != sent:
        setattr(record, field.attname, fitting)
        logger.warning(
            "%s %s came by a sync with a %s that PostgreSQL can't hold as it is: %s",
            type(record).__name__,
            record.pk,
            field.name,
            "saved without what it can't hold."
            if isinstance(sent, str)
            else f"saved as {fitting}.",
        )
