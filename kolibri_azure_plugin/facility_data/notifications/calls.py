"""Calls of Kolibri's notification functions, stored as JSON."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Callable

#: The module that all stored functions belong to. No other module's functions are ever called.
MODULE = "kolibri.core.notifications.api"

#: The key that marks an argument as a model instance.
MODEL = "model"

#: A list of an AttemptLog that only ever grows, so its length is enough to restore it.
GROWING = "interaction_history"

PLAIN = (str, int, float, bool, type(None))


class GoneError(Exception):
    """An argument of a call has been deleted, so there is nothing left to notify about."""


@dataclasses.dataclass(frozen=True)
class Call:
    """A function of MODULE with its arguments.

    :param lane: a learner's id. The calls of a lane are made one at a time, across all processes.
    """

    lane: str
    function: str
    arguments: Mapping[str, Any]

    def make(self) -> None:
        """Call the function.

        :raises GoneError: when an argument has been deleted from the database.
        """
        function: Callable[..., Any] = getattr(importlib.import_module(MODULE), self.function)
        positional = [_load(each) for each in self.arguments["positional"]]
        keywords = {name: _load(each) for name, each in self.arguments["keywords"].items()}
        function(*positional, **keywords)


def is_serializable(function: Any, values: Sequence[Any]) -> bool:
    """True for calls of Kolibri's own functions with a learner's logs and plain values."""
    from django.db.models import Model

    if getattr(function, "__module__", "") != MODULE:
        return False
    instances = [value for value in values if isinstance(value, Model)]
    return all(isinstance(value, (Model, *PLAIN)) for value in values) and any(
        getattr(instance, "user_id", None) for instance in instances
    )


def snapshot_call(function: Any, positional: Sequence[Any], keywords: Mapping[str, Any]) -> Call:
    """The call with the current values of its arguments, which may change later."""
    values = (*positional, *keywords.values())
    lane = next(value.user_id for value in values if getattr(value, "user_id", None))
    arguments = {
        "positional": [_dump(each) for each in positional],
        "keywords": {name: _dump(each) for name, each in keywords.items()},
    }
    return Call(str(lane), function.__name__, arguments)


def call_for_logs(learner: str, function: str, *ids: Sequence[str]) -> Call:
    """A call of one of Kolibri's batch functions, which take lists of ids."""
    return Call(learner, function, {"positional": [list(each) for each in ids], "keywords": {}})


def split_call(call: Call) -> list[Call]:
    """One call per log of a batch call; empty when the call is not for several logs."""
    lists = call.arguments["positional"]
    if not all(isinstance(each, list) for each in lists) or sum(map(len, lists)) < 2:  # noqa: PLR2004
        return []
    return [
        call_for_logs(call.lane, call.function, *([one] if each is of else [] for each in lists))
        for of in lists
        for one in of
    ]


def _dump(value: Any) -> Any:
    """A plain value as it is; an instance as its key, with the values that may change.

    For example, a notification has the time of an answer from its log, which the next answer
    changes.
    """
    if isinstance(value, PLAIN):
        return value
    then = {field.name: _plain(field, value) for field in _progress_fields(value)}
    grown = getattr(value, GROWING, None)
    return {
        MODEL: value._meta.label,  # noqa: SLF001 (Django documents it)
        "id": value.pk,
        "then": then,
        "grown": len(grown) if grown is not None else None,
    }


def _load(value: Any) -> Any:
    """Load a dumped value: an instance from the database, with its values from the dump."""
    from django.apps import apps

    if not isinstance(value, dict):
        return value
    model = apps.get_model(value[MODEL])
    instance = model.objects.filter(pk=value["id"]).first()
    if instance is None:
        raise GoneError(f"{value[MODEL]} {value['id']}")
    for field in _progress_fields(instance):
        if field.name in value["then"]:
            setattr(instance, field.name, field.to_python(value["then"][field.name]))
    if value["grown"] is not None:
        setattr(instance, GROWING, getattr(instance, GROWING)[: value["grown"]])
    return instance


def _progress_fields(instance: Any) -> list[Any]:
    """The fields of a log that record times, amounts and results."""
    from django.db.models import BooleanField, FloatField, IntegerField
    from kolibri.core.fields import DateTimeTzField

    kinds = (DateTimeTzField, FloatField, IntegerField, BooleanField)
    return [
        field
        for field in instance._meta.concrete_fields  # noqa: SLF001 (Django documents it)
        # Fields that begin with an underscore belong to the sync.
        if isinstance(field, kinds) and not field.name.startswith("_")
    ]


def _plain(field: Any, instance: Any) -> Any:
    value = field.value_from_object(instance)
    return value if isinstance(value, PLAIN) else field.value_to_string(instance)
