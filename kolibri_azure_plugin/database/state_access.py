"""Access to the state table for a long-lived process, which survives an outage of the database."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Callable, TypeVar

import psycopg2
import psycopg2.errors

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.connections import Database
from kolibri_azure_plugin.database.sessions import open_session
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.errors import KolibriAzureError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: Seconds to wait after a failure.
PAUSE_SECONDS = 15.0


class StateAccess:
    """Queries the table over one connection, and opens it again after a loss.

    Several threads may share it.

    :param find: the database; may raise a KolibriAzureError.
    :param purpose: of the connection, in pg_stat_activity.
    :param loss: what an outage means, for the log.
    """

    def __init__(self, find: Callable[[], Database], purpose: str, loss: str) -> None:
        self._find = find
        self._purpose = purpose
        self._loss = loss
        self._lock = threading.Lock()
        self._session: Any = None
        self._next_try = 0.0
        self._failed = False

    def ask(self, question: Callable[[State], Answer]) -> Answer | None:
        """The answer; None while the database is unavailable, or has no such table yet."""
        with self._lock:
            if time.monotonic() < self._next_try:
                return None
            try:
                answer = question(State(self._connected()))
            except psycopg2.errors.UndefinedTable:
                return None
            except (psycopg2.Error, KolibriAzureError) as error:
                self._give_up(error)
                return None
            self._failed = False
            return answer

    def _connected(self) -> Any:
        if self._session is None:
            connections.use(self._find())
            self._session = open_session(self._purpose, patience=0)
        return self._session

    def _give_up(self, error: Exception) -> None:
        self._next_try = time.monotonic() + PAUSE_SECONDS
        if self._session is not None:
            self._session.close()
            self._session = None
        if not self._failed:
            self._failed = True
            logger.warning("%s: %s", self._loss, str(error).strip())
