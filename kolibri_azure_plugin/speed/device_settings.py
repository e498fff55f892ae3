"""Saves device settings without overwriting what another instance has changed in the meantime.

Kolibri reads the whole row of device settings, mostly from a cache, changes a field, and saves the
whole row (0.19.5, core/device/models.py and core/device/api.py).
"""

from __future__ import annotations

import copy
from typing import Any, Callable

from django.db import transaction

from kolibri_azure_plugin.speed.request_cache import clear_request_cache
from kolibri_azure_plugin.wrapping import wraps

#: The attribute for the values that a model instance was read with. The cache keeps it, too.
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
                _merge_concurrent_changes(self, read_values)
            # Before the save, which caches this instance.
            _remember(self)
            try:
                return save(self, *arguments, **keywords)
            finally:
                clear_request_cache()

    return save_changes


def _merge_concurrent_changes(settings: Any, read_values: dict[str, Any]) -> None:
    """Lock the row, and update the fields that this instance did not change."""
    model = type(settings)
    # Use ``filter``, because Kolibri's ``get`` reads from the cache.
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
