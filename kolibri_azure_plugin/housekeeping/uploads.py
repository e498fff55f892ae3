"""Uploaded lists of users, which hold their passwords.

Kolibri removes one after an import that succeeds, or that its own checks refuse. It stays after a
trial run, which waits for somebody to confirm it, and after an import that fails or is killed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone
from kolibri.core.tasks.job import State
from kolibri.core.tasks.main import job_storage

from kolibri_azure_plugin.housekeeping.periods import Periods

logger = logging.getLogger(__name__)

#: Where Kolibri puts them, within MEDIA_ROOT (0.19.5, core/auth/tasks.py). Exports are there for as
#: long as they are written.
FOLDER = "temp"

IMPORT = "kolibri.core.auth.tasks.importusersfromcsv"
UNFINISHED = [State.PENDING, State.SCHEDULED, State.QUEUED, State.SELECTED, State.RUNNING]


def remove_old_uploads(periods: Periods) -> int:
    """Remove what has stayed for too long; returns how many.

    :raises OSError: when one of them can't be removed; the others are.
    """
    if not default_storage.exists(FOLDER):
        return 0
    in_use = set(_named_by_imports())
    failed: OSError | None = None
    removed = 0
    for name in default_storage.listdir(FOLDER)[1]:
        path = f"{FOLDER}/{name}"
        try:
            if _age(path) > (periods.upload_in_use if path in in_use else periods.upload):
                default_storage.delete(path)
                removed += 1
        except FileNotFoundError:
            # An import has just ended.
            continue
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed
    return removed


def _named_by_imports() -> Iterator[str]:
    for job in job_storage.filter_jobs(func=IMPORT, state=UNFINISHED):
        yield from job.args


def _age(path: str) -> timedelta:
    return timezone.now() - default_storage.get_modified_time(path)
