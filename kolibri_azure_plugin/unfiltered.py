"""Spares the filtering of what nobody asked to have filtered.

django-filter makes a form for each request, of copies of all fields that could filter, also when
the request names none of them: a third of the time that a learner's own account takes.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: Where a set of filters could do something of its own.
OVERRIDABLE = (
    "__init__",
    "errors",
    "filter_queryset",
    "form",
    "get_form_class",
    "is_valid",
    "qs",
)


def filter_when_asked(filter_queryset: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``DjangoFilterBackend.filter_queryset``."""
    from django_filters.rest_framework import DjangoFilterBackend

    @wraps(filter_queryset)
    def filter_or_leave(self: Any, request: Any, queryset: Any, view: Any) -> Any:
        filters = getattr(view, "filterset_class", None)
        if (
            filters is None
            or request.query_params
            or type(self) is not DjangoFilterBackend
            or not leaves_alone(filters)
        ):
            return filter_queryset(self, request, queryset, view)
        return queryset.all()

    return filter_or_leave


@functools.cache
def leaves_alone(filters: type) -> bool:
    """True for a set of filters that changes nothing unless it is given a value.

    :param filters: a FilterSet of django-filter.
    """
    from django_filters.rest_framework import FilterSet

    if any(getattr(filters, name) is not getattr(FilterSet, name) for name in OVERRIDABLE):
        return False
    return all(_needs_a_value(each) for each in filters.base_filters.values())  # type: ignore[attr-defined]


def _needs_a_value(each: Any) -> bool:
    """django-filter's own filters pass on what they get when there is no value."""
    demands = each.extra.get("required") or "initial" in each.extra
    return not demands and type(each).filter.__module__.startswith("django_filters.")
