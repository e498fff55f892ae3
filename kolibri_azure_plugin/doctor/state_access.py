"""The state table as the doctor's rounds reach it: while the database answers."""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, TypeVar

import psycopg2
import psycopg2.errors

from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.instances.sessions import open_session
from kolibri_azure_plugin.instances.state import State

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: What the connection is for, as pg_stat_activity shows it.
PURPOSE = "doctor"

#: Seconds after a failure until the database is asked again.
PAUSE_SECONDS = 15.0


class StateAccess:
    """Asks the table over a connection that is kept, and opened again after it was lost."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._session: Any = None
        self._next_try = 0.0
        self._failed = False

    def ask(self, question: Callable[[State], Answer]) -> Answer | None:
        """The answer; None while the database can't be asked, or has no such table yet."""
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
            connections.use(self._subject.database)
            self._session = open_session(PURPOSE, patience=0)
        return self._session

    def _give_up(self, error: Exception) -> None:
        self._next_try = time.monotonic() + PAUSE_SECONDS
        if self._session is not None:
            self._session.close()
            self._session = None
        if not self._failed:
            self._failed = True
            logger.warning("The doctor's reports can't be kept: %s", str(error).strip())
