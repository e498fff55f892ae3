"""Resets the state that one request or job leaves in a thread, before the next one.

Kolibri activates a language for each page and never deactivates it, so a later response without a
page, such as an API's, would use that language. A failed job skips its own clean-up.
"""

from __future__ import annotations

import functools
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable

from django.core.signals import request_started
from django.utils import timezone, translation


def reset_thread_state(**_: Any) -> None:
    """Reset the language, the time zone and the sync's cache, as in a new thread."""
    from kolibri.core.auth.models import dataset_cache

    translation.deactivate()
    timezone.deactivate()
    dataset_cache.deactivate()


def reset_state_before_requests() -> None:
    """Reset a thread's state before each of its requests."""
    request_started.connect(reset_thread_state, dispatch_uid=f"{__name__}.reset_thread_state")


class JobThreads(ThreadPoolExecutor):
    """A thread pool that resets a thread's state before each job."""

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any
    ) -> Future[Any]:
        @functools.wraps(function)
        def run_with_reset_state() -> Any:
            reset_thread_state()
            return function(*arguments, **keywords)

        return super().submit(run_with_reset_state)
