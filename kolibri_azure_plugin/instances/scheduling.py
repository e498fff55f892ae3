"""Schedules a job that another process schedules at the same moment."""

from __future__ import annotations

from typing import Any, Callable

from django.db import IntegrityError

from kolibri_azure_plugin.wrapping import wraps


def schedule_again_if_just_made(schedule: Callable[..., str]) -> Callable[..., str]:
    """Wrap ``Storage.schedule``, which looks for the job, and inserts it if there is none."""

    @wraps(schedule)
    def schedule_job(*arguments: Any, **named: Any) -> str:
        try:
            return schedule(*arguments, **named)
        except IntegrityError:
            # Another process has just inserted it, so this time it is found.
            return schedule(*arguments, **named)

    return schedule_job
