"""Readiness: whether this instance can serve, checked in the background every few seconds at most.

The checks are those of start-up and of the doctor. Each runs in its own thread, so a check that
hangs delays a prober only until the prober's deadline. No check runs twice at once.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any, Callable

import psycopg2

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.opening import connect
from kolibri_azure_plugin.database.sessions import session_name
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.errors.retry import Deadline
from kolibri_azure_plugin.errors.stopwatch import Stopwatch

#: Seconds for which an answer is valid, and after which it is refreshed in the background. So even
#: under a flood of probes, no prober waits while all checks pass.
MAX_AGE = 3.0
REFRESH_AFTER = 1.5

#: The name of the connection in pg_stat_activity.
NAME = "health"

#: Seconds that a prober waits for a new answer, counted from the start of the check. App Service
#: would wait far longer, but each waiting prober occupies a thread.
WAIT_TIMEOUT = 0.7

#: Seconds that it waits for that start. A busy machine is slow to start a process, which says
#: nothing about the share. nginx waits for 5 seconds in all (docker/nginx/health.conf).
START_TIMEOUT = 2.0


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """The result of a check.

    :param detail: for superusers only.
    """

    passed: bool
    detail: str


TIMED_OUT = ProbeResult(passed=False, detail=f"no answer within {WAIT_TIMEOUT} s")
NOT_STARTED = ProbeResult(passed=False, detail=f"the check did not start within {START_TIMEOUT} s")


class BackgroundProbe:
    """A check that runs in the background and keeps its last answer.

    :param ask: returns details, or raises an exception when the check fails. It calls its argument
        when it begins to check.
    """

    def __init__(self, ask: Callable[[Callable[[], None]], str]) -> None:
        self._ask = ask
        self._condition = threading.Condition()
        self._asked_at: float | None = None
        self._started_at: float | None = None
        self._answer: ProbeResult | None = None
        self._answered_at = float("-inf")

    def answer(self) -> ProbeResult:
        """An answer no older than :data:`MAX_AGE`.

        Within :data:`WAIT_TIMEOUT` seconds of the check's start, for all probers. Otherwise many of
        them could occupy all of the server's threads.
        """
        came_at = time.monotonic()
        with self._condition:
            if came_at - self._answered_at > REFRESH_AFTER and self._asked_at is None:
                self._asked_at = came_at
                self._started_at = None
                threading.Thread(target=self._run, daemon=True).start()
            while self._answer is None or came_at - self._answered_at >= MAX_AGE:
                seconds = self._end_of_wait() - time.monotonic()
                if seconds <= 0:
                    return NOT_STARTED if self._started_at is None else TIMED_OUT
                self._condition.wait(seconds)
            return self._answer

    def _end_of_wait(self) -> float:
        if self._started_at is not None:
            return self._started_at + WAIT_TIMEOUT
        assert self._asked_at is not None
        return self._asked_at + START_TIMEOUT

    def _note_start(self) -> None:
        with self._condition:
            self._started_at = time.monotonic()
            self._condition.notify_all()

    def _run(self) -> None:
        try:
            answer = ProbeResult(passed=True, detail=self._ask(self._note_start))
        except KolibriAzureError as error:
            answer = ProbeResult(passed=False, detail=redact(error.summary))
        except Exception as error:  # noqa: BLE001
            # A driver may raise anything. An instance whose check fails is not ready.
            answer = ProbeResult(passed=False, detail=redact(f"{type(error).__name__}: {error}"))
        with self._condition:
            self._answer, self._answered_at = answer, time.monotonic()
            self._asked_at = None
            self._condition.notify_all()


class DatabasePing:
    """A round trip to the database on a separate connection, which stays open."""

    def __init__(self) -> None:
        self._connection: Any = None

    def __call__(self, on_start: Callable[[], None]) -> str:
        on_start()
        stopwatch = Stopwatch()
        if self._connection is None or not self._is_alive():
            self._connect()
        return f"round trip {stopwatch.milliseconds()} ms"

    def _is_alive(self) -> bool:
        """Test the connection, and drop it if the server has closed it."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            self._connection.close()
            self._connection = None
            return False
        return True

    def _connect(self) -> None:
        connection = connect(connections.current(), Deadline(0))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [session_name(NAME)])
        self._connection = connection


def ping_sqlite(on_start: Callable[[], None]) -> str:
    """Run a statement on a test deployment's SQLite database."""
    on_start()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    return "SQLite"


def touch_content(on_start: Callable[[], None]) -> str:
    """Write, read and delete a file on the content share."""
    settings = context.current().settings
    verified = share.verify(settings.content_mount, settings.mount_types, on_start)
    return f"{verified.mount.type}, write {verified.measurements.write_ms} ms"


def readiness_probes() -> dict[str, BackgroundProbe]:
    """The checks that must pass for this instance to serve."""
    settings = context.current().settings
    probes: dict[str, BackgroundProbe] = {}
    if not settings.serves_zip_content_only:
        probes["database"] = BackgroundProbe(
            DatabasePing() if connections.is_in_use() else ping_sqlite
        )
    if not settings.is_test:
        probes["content"] = BackgroundProbe(touch_content)
    return probes
