"""Function wrappers that keep the original within reach.

`functools.wraps` sets `__wrapped__`, which makes Kolibri's code and tests mistake a function for
one that Kolibri has wrapped itself.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

ORIGINAL = "__azure_original__"


def wraps(old: Callable[..., Any]) -> Callable[[Function], Function]:
    """Copy the name and docstring of the old function, and let `original` find that function."""

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
    """The function underneath all of this plugin's wrappers."""
    while hasattr(function, ORIGINAL):
        function = getattr(function, ORIGINAL)
    return function
