"""A job for tests that writes down when it begins, goes on and ends, and in which process."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOG = "RECORDED_JOBS_FILE"

TICK_SECONDS = 0.1

logger = logging.getLogger("kolibri.recorded_jobs")


def work(number: int, seconds: float) -> None:
    """Take so many seconds."""
    _record("begin", number)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(TICK_SECONDS, seconds))
        _record("tick", number)
    _record("end", number)


def shout(number: int, seconds: float) -> None:
    """Take so many seconds, and fill the log meanwhile."""
    _record("begin", number)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(TICK_SECONDS / 10)
        logger.warning("A" * 10_000)
        _record("tick", number)
    _record("end", number)


def fail_and_be_retried_at_once(number: int, seconds: float) -> None:
    """Fail once. An administrator retries it as soon as the failure can be seen."""
    from kolibri.core.tasks.main import job_storage

    _record("begin", number)
    if not job_storage._hooks:
        job_storage._hooks = [_Once(f"test-{number}", "FAILED", job_storage.restart_job)]
        raise ValueError("the first run fails")
    time.sleep(seconds)
    _record("end", number)


def end_and_lose_the_database(number: int, seconds: float) -> None:
    """Take so many seconds. The database is away as soon as the end is recorded."""
    from kolibri.core.tasks.main import job_storage

    _record("begin", number)
    job_storage._hooks = [_Once(f"test-{number}", "COMPLETED", _let_the_database_refuse)]
    time.sleep(seconds)
    _record("end", number)


def _let_the_database_refuse(_job_id: str) -> None:
    """End this thread's connection, and refuse others until a test permits them."""
    from django.db import OperationalError, connection

    with contextlib.suppress(OperationalError), connection.cursor() as cursor:
        name = connection.settings_dict["NAME"]
        cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


class _Once:
    """Kolibri calls it in each transaction that records a job's state. Acts after one of them."""

    def __init__(self, job_id: str, state: str, act: Callable[[str], object]) -> None:
        self._event: tuple[str, str | None] | None = (job_id, state)
        self._act = act

    def update(self, job: Any, _: Any, state: str | None = None, **_changes: Any) -> None:
        from django.db import transaction

        if (job.job_id, state) == self._event:
            self._event = None
            transaction.on_commit(lambda: self._act(job.job_id))

    def schedule(self, *_: Any) -> None:
        """The same for a job that is queued."""

    def clear(self, *_: Any) -> None:
        """The same for a job that is removed."""


def _record(event: str, number: int) -> None:
    line = f"{event} {number} {os.getpid()} {time.time()}\n"
    # One write to a file that is opened for appending is never torn by another process's.
    descriptor = os.open(Path(os.environ[LOG]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, line.encode())
    os.close(descriptor)
