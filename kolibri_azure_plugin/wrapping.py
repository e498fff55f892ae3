"""Functions around others, whose originals can be reached.

`functools.wraps` leaves a `__wrapped__` behind, by which Kolibri's own code and tests take a
function for one that Kolibri has wrapped itself.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

ORIGINAL = "__azure_original__"


def wraps(old: Callable[..., Any]) -> Callable[[Function], Function]:
    """Give a new function the name and docstring of the old one, and let `original` find that."""

    def adopt(new: Function) -> Function:
        functools.update_wrapper(new, old)
        own = getattr(old, "__wrapped__", None)
        if own is None:
            del new.__wrapped__  # type: ignore[attr-defined]
        else:
            new.__wrapped__ = own  # type: ignore[attr-defined]
        setattr(new, ORIGINAL, old)
        return new

    return adopt


def original(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that was there first, below everything that this plugin put around it."""
    while hasattr(function, ORIGINAL):
        function = getattr(function, ORIGINAL)
    return function
