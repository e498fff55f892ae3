"""Saves of the device settings that keep what another instance has changed meanwhile.

Kolibri reads the one row of device settings as a whole, from a cache mostly, changes a field of it
and saves it as a whole (0.19.5, core/device/models.py and core/device/api.py).
"""

from __future__ import annotations

import copy
from typing import Any, Callable

from django.db import transaction

from kolibri_azure_plugin.caching.once_per_request import forget
from kolibri_azure_plugin.wrapping import wraps

#: Where an instance of the model keeps the values that it was read with. They go with it into the
#: cache and out again.
READ_VALUES = "_azure_read_values"

MISSING = object()


def remember_read_values(read: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``DeviceSettings.from_db``."""

    @wraps(read.__func__)  # type: ignore[attr-defined]
    def from_db(cls: Any, *arguments: Any) -> Any:
        settings = read.__func__(cls, *arguments)  # type: ignore[attr-defined]
        _remember(settings)
        return settings

    return classmethod(from_db)  # type: ignore[return-value]


def save_changes_only(save: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``DeviceSettings.save``."""

    @wraps(save)
    def save_changes(self: Any, *arguments: Any, **keywords: Any) -> Any:
        with transaction.atomic():
            read_values = self.__dict__.get(READ_VALUES)
            if read_values is not None:
                _take_over_changes_of_others(self, read_values)
            # Before the save, which puts this instance into the cache.
            _remember(self)
            try:
                return save(self, *arguments, **keywords)
            finally:
                forget()

    return save_changes


def _take_over_changes_of_others(settings: Any, read_values: dict[str, Any]) -> None:
    """Lock the row, and replace what this instance did not change by what stands there now."""
    model = type(settings)
    # ``filter`` asks the database, where Kolibri's ``get`` would ask the cache.
    stored = model.objects.select_for_update().filter(pk=settings.pk).first()
    if stored is None:
        return
    ours, theirs = _values(settings), _values(stored)
    for name, read in read_values.items():
        setattr(settings, name, merge(read, ours[name], theirs[name]))


def merge(read: Any, ours: Any, theirs: Any) -> Any:
    """Our value if we changed it, else theirs; for a dictionary, key by key."""
    if ours == read:
        return theirs
    if not all(isinstance(value, dict) for value in (read, ours, theirs)):
        return ours
    names = [*theirs, *(name for name in ours if name not in theirs)]
    merged = {
        name: merge(read.get(name, MISSING), ours.get(name, MISSING), theirs.get(name, MISSING))
        for name in names
    }
    return {name: value for name, value in merged.items() if value is not MISSING}


def _remember(settings: Any) -> None:
    settings.__dict__[READ_VALUES] = _values(settings)


def _values(settings: Any) -> dict[str, Any]:
    fields = settings._meta.concrete_fields  # noqa: SLF001 - Django documents it as public
    return {field.attname: copy.deepcopy(getattr(settings, field.attname)) for field in fields}
