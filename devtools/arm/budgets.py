"""The type of budgets, which the checker's own data lacks, in the form of its data files.

Source: Azure/bicep-types-az, generated/consumption/microsoft.consumption/2026-06-01 (MIT).
"""

from __future__ import annotations

from typing import Any

RESOURCE = "Microsoft.Consumption/budgets@2026-06-01"

REQUIRED, READ_ONLY = 1, 2

_Entry = dict[str, Any]
_entries: list[_Entry] = []


def _add(kind: str, **data: Any) -> int:
    """The number of a new entry, by which others refer to it."""
    _entries.append({"$type": kind, **data})
    return len(_entries) - 1


def _object(name: str, /, **properties: int | list[int]) -> int:
    return _add("ObjectType", name=name, properties=properties)


def _open_enumeration(*values: str) -> int:
    """A text of which the service knows these, and may know others one day."""
    literals = [_add("StringLiteralType", value=value) for value in values]
    return _add("UnionType", elements=[*literals, _TEXT])


def _list_of(item: int, **limits: int) -> int:
    return _add("ArrayType", itemType=item, **limits)


_TEXT = _add("StringType")
_NUMBER = _add("IntegerType")
_SWITCH = _add("BooleanType")
_CONTACTS = _list_of(_TEXT, maxLength=50)

_COMPARISON = _object(
    "BudgetComparisonExpression",
    name=[_TEXT, REQUIRED],
    operator=[_open_enumeration("In"), REQUIRED],
    values=[_list_of(_TEXT), REQUIRED],
)
_FILTER = _object(
    "BudgetFilter",
    dimensions=_COMPARISON,
    tags=_COMPARISON,
    **{
        "and": _list_of(_object("BudgetFilterProperties", dimensions=_COMPARISON, tags=_COMPARISON))
    },
)
_NOTIFICATION = _object(
    "Notification",
    enabled=[_SWITCH, REQUIRED],
    operator=[_open_enumeration("EqualTo", "GreaterThan", "GreaterThanOrEqualTo"), REQUIRED],
    threshold=[_NUMBER, REQUIRED],
    thresholdType=_open_enumeration("Actual", "Forecasted"),
    contactEmails=[_CONTACTS, REQUIRED],
    contactGroups=_CONTACTS,
    contactRoles=_list_of(_TEXT),
    locale=_TEXT,
)
_PROPERTIES = _object(
    "BudgetProperties",
    amount=[_NUMBER, REQUIRED],
    category=[_open_enumeration("Cost"), REQUIRED],
    filter=_FILTER,
    notifications=_add(
        "ObjectType", name="BudgetPropertiesNotifications", additionalProperties=_NOTIFICATION
    ),
    timeGrain=[
        _open_enumeration(
            "Annually", "BillingAnnual", "BillingMonth", "BillingQuarter", "Monthly", "Quarterly"
        ),
        REQUIRED,
    ],
    timePeriod=[
        _object("BudgetTimePeriod", startDate=[_TEXT, REQUIRED], endDate=_TEXT),
        REQUIRED,
    ],
    currentSpend=[_TEXT, READ_ONLY],
    forecastSpend=[_TEXT, READ_ONLY],
)
BODY = _object(
    "Microsoft.Consumption/budgets",
    id=[_TEXT, READ_ONLY],
    name=[_TEXT, REQUIRED],
    type=[_TEXT, READ_ONLY],
    eTag=_TEXT,
    properties=_PROPERTIES,
)

ENTRIES = tuple(_entries)
