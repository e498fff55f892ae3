"""The right to run the background workers, which one process of the deployment has at a time.

Two things make it up. An advisory lock ends with the process that holds it, so that the next one
can begin at once. But PostgreSQL also frees it when only the connection ends, and then the process
may still be at work. So the holder renews a lease in the state table every second, ends itself
when it could not for HOLDER_SECONDS, and nobody begins before the last renewal is LEASE_SECONDS
old, by the server's clock. The generation counts the holders: it is what shows an old one that it
has been replaced.

An upgrade takes the lease away from whoever has it, and waits until it is free.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Callable

import kolibri
import psycopg2

from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.instances import installed_version
from kolibri_azure_plugin.instances.advisory_lock import AdvisoryLock
from kolibri_azure_plugin.instances.state import State
from kolibri_azure_plugin.instances.watch import Watch

logger = logging.getLogger(__name__)

LOCK_NAME = "worker lock"

#: The key of the version that may work; none may while the database is being prepared.
TARGET_VERSION = "target_version"

BEAT_SECONDS = 1.0
HOLDER_SECONDS = 5.0
LEASE_SECONDS = 6.0

#: A session that holds the lock and has not renewed for this long is dead, even where a machine
#: in between keeps its connection open. It is ended, which frees the lock.
DEAD_SECONDS = 7.0

POLL_SECONDS = 0.5

#: What to do where a session is not one.
NO_POOLER = "connect to PostgreSQL itself (port 5432), not to a pooler in transaction mode"

AGE = """
    SELECT extract(epoch FROM clock_timestamp() - updated_at)::float8,
           coalesce((value ->> 'ended')::boolean, false)
    FROM kolibri_azure_state WHERE key = 'workers'
"""
TAKE = """
    INSERT INTO kolibri_azure_state (key, value)
    SELECT 'workers', jsonb_build_object('generation', 1, 'holder', %s::text, 'ended', false)
    WHERE NOT EXISTS (SELECT 1 FROM kolibri_azure_state
                      WHERE key = 'target_version' AND value #>> '{}' <> %s)
    ON CONFLICT (key) DO UPDATE SET updated_at = clock_timestamp(), value = jsonb_build_object(
        'generation', (kolibri_azure_state.value ->> 'generation')::bigint + 1,
        'holder', %s::text, 'ended', false)
    RETURNING (value ->> 'generation')::bigint, pg_backend_pid()
"""
RENEW = """
    UPDATE kolibri_azure_state SET updated_at = clock_timestamp()
    WHERE key = 'workers' AND (value ->> 'generation')::bigint = %s
      AND NOT EXISTS (SELECT 1 FROM kolibri_azure_state
                      WHERE key = 'target_version' AND value #>> '{}' <> %s)
    RETURNING pg_backend_pid()
"""
END = """
    UPDATE kolibri_azure_state SET value = value || '{"ended": true}'
    WHERE key = 'workers' AND (value ->> 'generation')::bigint = %s RETURNING key
"""


def wait_until_free(state: State) -> None:
    """Wait until nobody works who is not meant by the target version."""
    while _remaining(state) > 0:
        time.sleep(POLL_SECONDS)


def _remaining(state: State) -> float:
    """Seconds until the last holder's lease has run out; 0 or less when it has."""
    rows = state.rows(AGE)
    if not rows or rows[0][1]:
        return 0.0
    return LEASE_SECONDS - float(rows[0][0])


class LeaseLostError(Exception):
    """The session that the lease is held on is no longer the one it was."""


class Lease:
    """The lease as one process sees it.

    :param lost: called, in another thread, as soon as it can't be sure any more that nobody else
        has it. It has to end the process, or at least everything that works under the lease.
    """

    def __init__(self, lost: Callable[[str], None]) -> None:
        self._lock = AdvisoryLock(LOCK_NAME)
        self._lost = lost
        self._generation = 0
        self._server_process = 0
        self._taken_at = 0.0
        self._other_holder = (0, 0.0)
        self._announced = ""

    @contextlib.contextmanager
    def hold(self, stopping: threading.Event) -> Iterator[bool]:
        """Wait for the lease, then keep it; False when `stopping` was set before it came.

        At the end it is marked as ended, so that the next holder does not wait for it to run out.
        The lock itself is freed by the end of the process, and only by that.
        """
        if not self._wait(stopping):
            yield False
            return
        session = self._lock.session
        with Watch(
            session,
            lambda: self._renew(State(session)),
            self._lost,
            since=self._taken_at,
            interval=BEAT_SECONDS,
            patience=HOLDER_SECONDS,
        ):
            yield True
        # Without the mark the next holder waits a little longer, and nothing else.
        with contextlib.suppress(psycopg2.Error):
            State(session).rows(END, self._generation)

    def is_ours(self, rows: Callable[[str], list[tuple[int, float]]]) -> bool:
        """True when the database says, now, that this process is the holder.

        :param rows: runs a statement on the connection whose transaction depends on it.
        """
        found = rows(
            "SELECT (value ->> 'generation')::bigint,"
            " extract(epoch FROM clock_timestamp() - updated_at)::float8"
            " FROM kolibri_azure_state WHERE key = 'workers'"
        )
        return [row[0] for row in found if row[1] < HOLDER_SECONDS] == [self._generation]

    def _wait(self, stopping: threading.Event) -> bool:
        while not stopping.is_set():
            try:
                if not self._is_meant():
                    self._lock.release()
                    self._announce("the database is being prepared, or belongs to another version")
                elif not self._lock.try_acquire():
                    self._announce(f"the workers run in {self._holder()[1]}")
                    self._end_dead_holder()
                elif self._take(stopping):
                    return True
            except (psycopg2.Error, KolibriAzureError) as error:
                logger.warning("Can't ask for the workers' lock: %s", str(error).strip())
            stopping.wait(POLL_SECONDS)
        return False

    def _is_meant(self) -> bool:
        """False while the database is prepared, and when that is for another version."""
        state = State(self._lock.session)
        target = state.get(TARGET_VERSION)
        return target == kolibri.__version__ or (
            target is None and installed_version.is_current(state)
        )

    def _announce(self, reason: str) -> None:
        if reason != self._announced:
            self._announced = reason
            logger.info("Standing by: %s.", reason)

    def _take(self, stopping: threading.Event) -> bool:
        remaining = _remaining(State(self._lock.session))
        if remaining > 0:
            logger.info(
                "The workers' last holder ended unannounced; waiting %.1f s more for its lease "
                "to run out.",
                remaining,
            )
        if stopping.wait(max(0.0, remaining)):
            return False
        if _remaining(State(self._lock.session)) > LEASE_SECONDS / 2:
            self._announce(f"another instance works, although this one got the lock: {NO_POOLER}")
            self._lock.release()
            return False
        who = f"{socket.gethostname()} process {os.getpid()}"
        self._taken_at = time.monotonic()
        taken = State(self._lock.session).rows(TAKE, who, kolibri.__version__, who)
        if not taken:
            return False
        self._generation, self._server_process = taken[0]
        logger.info("This instance runs the background workers now (holder %d).", self._generation)
        return True

    def _end_dead_holder(self) -> None:
        rows = State(self._lock.session).rows(AGE)
        server_process, name = self._holder()
        if server_process != self._other_holder[0]:
            self._other_holder = (server_process, time.monotonic())
        known_for = time.monotonic() - self._other_holder[1]
        # One that has just got the lock has not had the time to take the lease.
        if rows and rows[0][0] > DEAD_SECONDS and server_process and known_for > BEAT_SECONDS:
            logger.warning(
                "%s holds the workers' lock, but has not renewed its lease for %.1f s: ending "
                "its session.",
                name,
                rows[0][0],
            )
            terminate = "SELECT pg_terminate_backend(%s)"
            State(self._lock.session).rows(terminate, server_process)

    def _holder(self) -> tuple[int, str]:
        return self._lock.holder() or (0, "an instance that has just ended")

    def _renew(self, state: State) -> None:
        rows = state.rows(RENEW, self._generation, kolibri.__version__)
        if rows != [(self._server_process,)]:
            raise LeaseLostError(
                "another instance has taken it, or the database is being upgraded"
                if not rows
                else f"the connection changed its session: {NO_POOLER}"
            )
