"""A lock belongs to a session of PostgreSQL, so a pooler that changes sessions breaks it."""

from __future__ import annotations

import contextlib
import queue
import socket
import time

import psycopg2
import pytest

from kolibri_azure_plugin.database import advisory_lock
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.instances.watchdog import SessionWatchdog


class Server:
    """Answers each statement in a process that the test names, as a pooler would."""

    def __init__(self, *processes: int) -> None:
        self.processes = list(processes)

    def open(self, _purpose: str) -> Session:
        return Session(self)


class Session:
    """A connection like psycopg2's."""

    closed = False

    def __init__(self, server: Server) -> None:
        self._server = server
        # A source that never has data.
        self._socket, self._other_end = socket.socketpair()

    def fileno(self) -> int:
        return self._socket.fileno()

    def cursor(self) -> contextlib.AbstractContextManager[Session]:
        if self.closed:
            raise psycopg2.InterfaceError("connection already closed")
        return contextlib.nullcontext(self)

    def execute(self, statement: str, _values: object = ()) -> None:
        process = self._server.processes.pop(0)
        self._row = (True, process) if "lock" in statement else (process,)

    def fetchall(self) -> list[tuple[object, ...]]:
        return [self._row]

    def fetchone(self) -> tuple[object, ...]:
        return self._row

    def close(self) -> None:
        self.closed = True
        self._socket.close()
        self._other_end.close()


@pytest.fixture
def lock_on(monkeypatch):
    def make(*processes: int) -> AdvisoryLock:
        monkeypatch.setattr(advisory_lock, "open_session", Server(*processes).open)
        return AdvisoryLock("test lock")

    return make


def test_a_lock_in_one_session_is_confirmed(lock_on):
    lock = lock_on(7, 7, 7)
    assert lock.try_acquire()
    lock.confirm()
    lock.confirm()


def test_a_holder_notices_a_pooler(lock_on):
    lock = lock_on(7, 8)
    lock.try_acquire()
    with pytest.raises(DatabaseError) as refused:
        lock.confirm()
    assert refused.value.code == "database-pooler"
    assert "server process 7, then 8" in refused.value.instructions()
    assert "KOLIBRI_DATABASE_PORT=5432" in refused.value.instructions()


def test_a_process_that_waits_notices_a_pooler_too(lock_on):
    lock = lock_on(7, 8)
    lock.try_acquire()
    with pytest.raises(DatabaseError):
        lock.try_acquire()


def test_a_new_connection_may_have_another_session(lock_on):
    lock = lock_on(7, 8)
    lock.try_acquire()
    lock.release()
    assert lock.try_acquire()


def test_a_closed_connection_is_not_opened_again_to_confirm_its_lock(lock_on):
    lock = lock_on(7, 7)
    lock.try_acquire()
    lock.session.close()
    with pytest.raises(psycopg2.InterfaceError):
        lock.confirm()


def test_losing_a_lock_to_a_pooler_is_reported_with_its_remedy(lock_on):
    lock = lock_on(7, 8)
    lock.try_acquire()
    reasons: queue.Queue[str] = queue.Queue()
    with SessionWatchdog(
        lock.session, lock.confirm, reasons.put, since=time.monotonic(), interval=1, patience=60
    ):
        reason = reasons.get(timeout=5)
    assert "not to its pooler on port 6432" in reason
