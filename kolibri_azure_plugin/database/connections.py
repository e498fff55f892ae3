"""Opens connections, for Django and for SQLAlchemy alike."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Callable, TypeVar

import psycopg2

from kolibri_azure_plugin.database.config import DatabaseConfig, Login
from kolibri_azure_plugin.database.credentials import Credentials
from kolibri_azure_plugin.database.failures import SIGN_IN_REFUSED, explain, failure_of
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.retry import Deadline, until_it_works

Connection = TypeVar("Connection")

#: Opens a connection as somebody; raises psycopg2's OperationalError.
Opener = Callable[[Login], Connection]

#: Seconds that whoever needs a connection waits for a server that restarts or fails over,
#: rather than to show a learner an error.
RECONNECT_TIMEOUT = 30.0

#: Seconds between two tries meanwhile, at the most.
LONGEST_PAUSE = 2.0


class Outage:
    """How long it is still worth to wait for the server.

    All threads share one patience, which begins with the outage and not with a request. Otherwise
    they would all be waiting until the server is back, and none could answer even to what needs
    no database.
    """

    def __init__(self) -> None:
        self._began = self._seen = float("-inf")

    def patience(self) -> float:
        """Seconds that are left."""
        now = time.monotonic()
        if now - self._seen > RECONNECT_TIMEOUT:
            return RECONNECT_TIMEOUT
        return max(0.0, self._began + RECONNECT_TIMEOUT - now)

    def seen(self) -> None:
        """A connection could not be opened."""
        now = time.monotonic()
        if now - self._seen > RECONNECT_TIMEOUT:
            self._began = now
        self._seen = now

    def over(self) -> None:
        """A connection was opened."""
        self._seen = float("-inf")


@dataclasses.dataclass(frozen=True)
class Database:
    """The database of this process, and what signs in to it."""

    config: DatabaseConfig
    credentials: Credentials
    outage: Outage = dataclasses.field(default_factory=Outage)

    def open(self, opener: Opener[Connection], deadline: Deadline) -> Connection:
        """A new connection; what may be coming up is waited for.

        :raises DatabaseError: when there is none.
        :raises KolibriAzureError: when there is nothing to sign in with.
        """
        return until_it_works(lambda: self._open_once(opener), deadline)

    def _open_once(self, opener: Opener[Connection]) -> Connection:
        try:
            connection = self._sign_in(opener)
        except psycopg2.OperationalError as error:
            raise self._noted(explain(error, self.config)) from error
        except KolibriAzureError as error:
            raise self._noted(error) from error.__cause__
        self.outage.over()
        return connection

    def _noted(self, error: KolibriAzureError) -> KolibriAzureError:
        if error.transient:
            self.outage.seen()
        return error

    def _sign_in(self, opener: Opener[Connection]) -> Connection:
        login = self.credentials.current()
        try:
            return opener(login)
        except psycopg2.OperationalError as error:
            if failure_of(error).code != SIGN_IN_REFUSED:
                raise
            renewed = self.credentials.renew(login)
            if renewed is None:
                raise
            return opener(renewed)

    def reconnect(self, opener: Opener[Connection]) -> Connection:
        """A new connection for a running server, with the errors that Django expects.

        :raises psycopg2.OperationalError: when there is none half a minute after the server went.
        """
        deadline = Deadline(self.outage.patience())
        try:
            return until_it_works(lambda: self._open_once(opener), deadline, LONGEST_PAUSE)
        except KolibriAzureError as error:
            if isinstance(error.__cause__, psycopg2.OperationalError):
                raise error.__cause__ from None
            raise psycopg2.OperationalError(f"{error.failed} {error.found}") from error


_database: Database | None = None


def use(database: Database) -> None:
    """Make this the database of the process."""
    global _database
    _database = database


def is_in_use() -> bool:
    """False in a test deployment on SQLite."""
    return _database is not None


def current() -> Database:
    """The database of the process."""
    if _database is None:
        raise RuntimeError("the plugin's settings have not been applied in this process")
    return _database


def login_parameters(login: Login) -> dict[str, Any]:
    """A login as libpq parameters."""
    return {"user": login.user, "password": login.password}
