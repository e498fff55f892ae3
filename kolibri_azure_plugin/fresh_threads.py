"""What a thread knows of one visitor, or of one job, and must not tell the next.

Kolibri sets the language of a page, and leaves it set: what answers no page has none, and would be
answered in the last one's. A job that fails leaves behind what it would have put away at its end.
"""

from __future__ import annotations

import functools
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable

from django.core.signals import request_started
from django.utils import timezone, translation


def forget(**_: Any) -> None:
    """Begin as a new thread would: without a language, a time zone and what a sync remembered."""
    from kolibri.core.auth.models import dataset_cache

    translation.deactivate()
    timezone.deactivate()
    dataset_cache.deactivate()


def begin_each_request_afresh() -> None:
    """Forget whenever a thread begins with another request, whatever it is for."""
    request_started.connect(forget, dispatch_uid=f"{__name__}.forget")


class JobThreads(ThreadPoolExecutor):
    """Threads that run jobs one after the other, each as if it were the first."""

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any
    ) -> Future[Any]:
        @functools.wraps(function)
        def run_afresh() -> Any:
            forget()
            return function(*arguments, **keywords)

        return super().submit(run_afresh)
