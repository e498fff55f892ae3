"""Caches the look-ups of Kolibri's notification functions for one batch only.

Kolibri caches them for the life of a process. So it misses lessons that are changed or assigned
later, and the cache grows with each learner and each resource.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: The cache of this thread's current batch.
_batch = threading.local()


@contextlib.contextmanager
def batch_cache() -> Iterator[None]:
    """Cache look-ups within this block, in this thread."""
    _batch.memory = {}
    try:
        yield
    finally:
        _batch.memory = None


def cache_within_batch(memoized: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function that Kolibri memoizes."""
    look_up = memoized.__wrapped__  # type: ignore[attr-defined]

    @wraps(memoized)
    def function(*positional: Any, **keywords: Any) -> Any:
        memory = getattr(_batch, "memory", None)
        if memory is None:
            return look_up(*positional, **keywords)
        key = _key(look_up, positional, keywords)
        if key not in memory:
            memory[key] = look_up(*positional, **keywords)
        return memory[key]

    def delete_key(*positional: Any, **keywords: Any) -> None:
        memory = getattr(_batch, "memory", None)
        if memory is not None:
            memory.pop(_key(look_up, positional, keywords), None)

    def cache_clear() -> None:
        memory = getattr(_batch, "memory", None) or {}
        for key in [key for key in memory if key[0] is look_up]:
            del memory[key]

    function.delete_key = delete_key  # type: ignore[attr-defined]
    function.cache_clear = cache_clear  # type: ignore[attr-defined]
    return function


def _key(function: Any, positional: Any, keywords: Any) -> Any:
    return (function, positional, frozenset(keywords.items()))
