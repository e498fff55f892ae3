"""The lease of the background workers, which one process of the deployment holds at a time.

The lease is one row of the state table. The holder renews it every second, and ends itself if it
could not for HOLDER_SECONDS. Another process takes over after it has seen the row unchanged for
LEASE_SECONDS. Each uses its own monotonic clock, so clocks only need to run at the same rate:
setting a clock can't create two holders. The generation counts the holders, and shows an old one
that it has been replaced.

An upgrade takes the lease away from its holder, and waits until it is free.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import psycopg2

from kolibri_azure_plugin.database.sessions import open_session
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.instances import lease_row
from kolibri_azure_plugin.instances.lease_row import LeaseRow, Look
from kolibri_azure_plugin.instances.watchdog import SessionWatchdog
from kolibri_azure_plugin.logs.formatters import instance_name

logger = logging.getLogger(__name__)

#: The name of holders and stand-bys in pg_stat_activity.
SESSION_NAME = "worker lease"

HEARTBEAT_SECONDS = 1.0

#: In the second between the two, the holder's process notices, logs it and ends.
HOLDER_SECONDS = 5.0
LEASE_SECONDS = 6.0

#: Seconds until an announced end counts. Jobs that exceed their grace period run on until their
#: process ends, for which it has half of this time.
END_SECONDS = 1.0

#: If a row is older than this by the server's clock when a process first looks, it has no holder.
#: So a deployment that was off overnight does not have to wait.
FORGOTTEN_SECONDS = 60.0

#: Stand-bys log when the holder has not renewed for this long.
OVERDUE_SECONDS = 2.5

POLL_SECONDS = 0.5


class Observation:
    """How long the row has been unchanged, by this process's own clock."""

    def __init__(self) -> None:
        self._row: LeaseRow | None = None
        self._since: float | None = None

    def add(self, look: Look) -> None:
        """Add the result of a look at the table."""
        if self._since is None and look.age > FORGOTTEN_SECONDS:
            self._since = float("-inf")
        elif self._since is None or look.row != self._row:
            self._since = time.monotonic()
        self._row = look.row

    @property
    def unchanged_for(self) -> float:
        """Seconds since this process first saw the row in its present state."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    @property
    def is_free(self) -> bool:
        """True if no process works under the lease, provided that the row is still unchanged."""
        if self._row is None:
            return True
        return self.unchanged_for >= (END_SECONDS if self._row.ended else LEASE_SECONDS)

    @property
    def reason_to_wait(self) -> str:
        """The reason for a log line that begins with "Standing by"."""
        if self._row is None:
            return "the workers run nowhere yet"
        if self._row.ended:
            return f"the workers end in {self._row.holder}"
        if self.unchanged_for > OVERDUE_SECONDS:
            return f"{self._row.holder} does not renew the workers' lease, which runs out soon"
        return f"the workers run in {self._row.holder}"


def wait_until_free(state: State) -> None:
    """Wait until the workers of other versions have stopped."""
    observation = Observation()
    while True:
        observation.add(lease_row.look(state))
        if observation.is_free:
            return
        time.sleep(POLL_SECONDS)


class LeaseLostError(Exception):
    """The process no longer holds the lease."""


class Lease:
    """The lease as one process sees it.

    :param lost: called in another thread as soon as another process may hold the lease. It must end
        the process, or at least all work under the lease.
    """

    def __init__(self, lost: Callable[[str], None]) -> None:
        self._lost = lost
        self._session: Any = None
        self._observation = Observation()
        self._generation = 0
        self._taken_at = 0.0
        self._announced = ""

    @contextlib.contextmanager
    def hold(self, stopping: threading.Event) -> Iterator[bool]:
        """Wait for the lease, then hold it; yields False if `stopping` was set before.

        At the end the lease is marked as ended, so the next holder need not wait for its expiry.
        The process must end well within END_SECONDS after that.
        """
        if not self._wait(stopping):
            yield False
            return
        with SessionWatchdog(
            self._session,
            self._renew,
            self._lost,
            since=self._taken_at,
            interval=HEARTBEAT_SECONDS,
            patience=HOLDER_SECONDS,
        ):
            yield True
        # Without the mark, the next holder only waits a little longer.
        with contextlib.suppress(psycopg2.Error):
            lease_row.end(State(self._session), self._generation)

    def is_ours(self, rows: Callable[[str, dict[str, Any]], list[Any]]) -> bool:
        """True if this process is the holder according to the database.

        :param rows: runs a statement on the connection whose transaction depends on the lease.
        """
        values = lease_row.values(generation=self._generation, seconds=HOLDER_SECONDS)
        return bool(rows(lease_row.IS_HELD, values))

    def _wait(self, stopping: threading.Event) -> bool:
        while not stopping.is_set():
            try:
                if self._take_if_free():
                    return True
            except (psycopg2.Error, KolibriAzureError) as error:
                logger.warning("Can't request the workers' lease: %s", str(error).strip())
                self._close_session()
            stopping.wait(POLL_SECONDS)
        return False

    def _take_if_free(self) -> bool:
        if self._session is None:
            self._session = open_session(SESSION_NAME)
        state = State(self._session)
        look = lease_row.look(state)
        self._observation.add(look)
        if not look.means_this_version:
            self._announce("the database is being prepared, or belongs to another version")
            return False
        if not self._observation.is_free:
            self._announce(self._observation.reason_to_wait)
            return False
        taken_at = time.monotonic()
        generation = lease_row.take(state, look.row, _this_process())
        if not generation:
            return False
        self._generation, self._taken_at = generation, taken_at
        logger.info("This instance runs the background workers now (holder %d).", generation)
        return True

    def _announce(self, reason: str) -> None:
        if reason != self._announced:
            self._announced = reason
            logger.info("Standing by: %s.", reason)

    def _renew(self) -> None:
        if not lease_row.renew(State(self._session), self._generation):
            raise LeaseLostError("another instance has taken it, or the database is being upgraded")

    def _close_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _this_process() -> str:
    return lease_row.holder_of(instance_name(), os.getpid())
