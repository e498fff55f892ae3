"""Whether this instance can serve: asked at most every few seconds, and never waited for long.

The questions are those of start-up and of the doctor. Each is asked in a thread of its own, so
that one that hangs costs a prober its deadline and no more, and none is asked twice at once.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any, Callable

import psycopg2

from kolibri_azure_plugin import context, startup
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.instances.sessions import session_name
from kolibri_azure_plugin.redaction import redact
from kolibri_azure_plugin.retry import Deadline

#: Seconds for which an answer is given again, and those after which it is asked for anew meanwhile.
#: So under a flood of probes nobody ever waits while all is well.
FRESH = 3.0
RENEWED = 1.5

#: How pg_stat_activity calls the connection.
NAME = "health"

#: Seconds that a prober waits for a new answer; App Service's own patience is far longer, but a
#: probe that hangs occupies a thread.
PATIENCE = 0.7


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a question gave.

    :param detail: for a superuser's eyes only.
    """

    passed: bool
    detail: str


LATE = Answer(passed=False, detail=f"no answer within {PATIENCE} s")


class Question:
    """Something that is asked in the background, with the last answer at hand.

    :param ask: raises an exception when the answer is no; returns details otherwise.
    """

    def __init__(self, ask: Callable[[], str]) -> None:
        self._ask = ask
        self._condition = threading.Condition()
        self._asked_at: float | None = None
        self._answer: Answer | None = None
        self._answered_at = float("-inf")

    def answer(self) -> Answer:
        """The answer, not older than :data:`FRESH`, within :data:`PATIENCE` seconds."""
        with self._condition:
            if self._age() > RENEWED and self._asked_at is None:
                self._asked_at = time.monotonic()
                threading.Thread(target=self._run, daemon=True).start()
            if not self._condition.wait_for(self._is_fresh, self._patience()):
                return LATE
            assert self._answer is not None
            return self._answer

    def _age(self) -> float:
        return time.monotonic() - self._answered_at

    def _is_fresh(self) -> bool:
        return self._age() < FRESH

    def _patience(self) -> float:
        """Seconds left to wait. All probers share them: many would fill the server's threads."""
        if self._asked_at is None:
            return PATIENCE
        return max(0.0, self._asked_at + PATIENCE - time.monotonic())

    def _run(self) -> None:
        try:
            answer = Answer(passed=True, detail=self._ask())
        except KolibriAzureError as error:
            answer = Answer(passed=False, detail=redact(f"{error.failed} {error.found}"))
        except Exception as error:  # noqa: BLE001
            # Whatever a driver raises: an instance that can't answer is not ready.
            answer = Answer(passed=False, detail=redact(f"{type(error).__name__}: {error}"))
        with self._condition:
            self._answer, self._answered_at = answer, time.monotonic()
            self._asked_at = None
            self._condition.notify_all()


class DatabasePing:
    """A round trip on a connection of its own, which is opened once and kept."""

    def __init__(self) -> None:
        self._connection: Any = None

    def __call__(self) -> str:
        begun = time.perf_counter()
        if self._connection is None or not self._answers():
            self._connect()
        return f"round trip {(time.perf_counter() - begun) * 1000:.1f} ms"

    def _answers(self) -> bool:
        """False, and nothing is kept, when the server has ended the connection meanwhile."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            self._connection.close()
            self._connection = None
            return False
        return True

    def _connect(self) -> None:
        connection = startup.connect(connections.current(), Deadline(0))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [session_name(NAME)])
        self._connection = connection


def ping_sqlite() -> str:
    """A statement on the database of a test deployment."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    return "SQLite"


def touch_content() -> str:
    """A file written, read and deleted on the content share."""
    settings = context.current().settings
    verified = share.verify(settings.content_mount, settings.mount_types)
    return f"{verified.mount.type}, write {verified.measurements.write_ms} ms"


def questions() -> dict[str, Question]:
    """What has to be well for this instance to serve."""
    settings = context.current().settings
    asked: dict[str, Question] = {}
    if not settings.serves_zip_content_only:
        asked["database"] = Question(DatabasePing() if connections.is_in_use() else ping_sqlite)
    if not settings.is_test:
        asked["content"] = Question(touch_content)
    return asked
