"""A call of one of Kolibri's notification functions, as JSON that outlives the process."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Callable

#: The only module whose functions are called for what stands in the table.
MODULE = "kolibri.core.notifications.api"

#: The key by which an instance of a model is told from other arguments.
MODEL = "model"

#: The list of an AttemptLog that only ever grows; its length tells what it was.
GROWING = "interaction_history"

PLAIN = (str, int, float, bool, type(None))


class GoneError(Exception):
    """What a call is about has been deleted: there is nothing left to tell a coach."""


@dataclasses.dataclass(frozen=True)
class Call:
    """A function of MODULE, and what it is called with.

    :param lane: whose calls are made one after the other, whichever process makes them: a
        learner's id.
    """

    lane: str
    function: str
    arguments: Mapping[str, Any]

    def make(self) -> None:
        """Call the function.

        :raises GoneError: when an argument is no longer in the database.
        """
        function: Callable[..., Any] = getattr(importlib.import_module(MODULE), self.function)
        positional = [_load(each) for each in self.arguments["positional"]]
        keywords = {name: _load(each) for name, each in self.arguments["keywords"].items()}
        function(*positional, **keywords)


def can_be_kept(function: Any, values: Sequence[Any]) -> bool:
    """True for Kolibri's own functions, called with logs of one learner and plain values."""
    from django.db.models import Model

    if getattr(function, "__module__", "") != MODULE:
        return False
    instances = [value for value in values if isinstance(value, Model)]
    return all(isinstance(value, (Model, *PLAIN)) for value in values) and any(
        getattr(instance, "user_id", None) for instance in instances
    )


def call_of(function: Any, positional: Sequence[Any], keywords: Mapping[str, Any]) -> Call:
    """The call as it is now: later, its arguments may say something else."""
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


def apart(call: Call) -> list[Call]:
    """A call for each of the logs that this one is for; none where it is not for several."""
    lists = call.arguments["positional"]
    if not all(isinstance(each, list) for each in lists) or sum(map(len, lists)) < 2:  # noqa: PLR2004
        return []
    return [
        call_for_logs(call.lane, call.function, *([one] if each is of else [] for each in lists))
        for of in lists
        for one in of
    ]


def _dump(value: Any) -> Any:
    """A plain value as it is; an instance as its key, with what may be another tomorrow.

    A function tells when an answer was given by its log, which the next answer changes.
    """
    if isinstance(value, PLAIN):
        return value
    then = {field.name: _plain(field, value) for field in _that_tell(value)}
    grown = getattr(value, GROWING, None)
    return {
        MODEL: value._meta.label,  # noqa: SLF001 (Django documents it)
        "id": value.pk,
        "then": then,
        "grown": len(grown) if grown is not None else None,
    }


def _load(value: Any) -> Any:
    """What was dumped, read from the database, as it was then."""
    from django.apps import apps

    if not isinstance(value, dict):
        return value
    model = apps.get_model(value[MODEL])
    instance = model.objects.filter(pk=value["id"]).first()
    if instance is None:
        raise GoneError(f"{value[MODEL]} {value['id']}")
    for field in _that_tell(instance):
        if field.name in value["then"]:
            setattr(instance, field.name, field.to_python(value["then"][field.name]))
    if value["grown"] is not None:
        setattr(instance, GROWING, getattr(instance, GROWING)[: value["grown"]])
    return instance


def _that_tell(instance: Any) -> list[Any]:
    """The fields of a log that tell when something was done, how much, and how well."""
    from django.db.models import BooleanField, FloatField, IntegerField
    from kolibri.core.fields import DateTimeTzField

    kinds = (DateTimeTzField, FloatField, IntegerField, BooleanField)
    return [
        field
        for field in instance._meta.concrete_fields  # noqa: SLF001 (Django documents it)
        # Those with an underscore are the sync's own.
        if isinstance(field, kinds) and not field.name.startswith("_")
    ]


def _plain(field: Any, instance: Any) -> Any:
    value = field.value_from_object(instance)
    return value if isinstance(value, PLAIN) else field.value_to_string(instance)
