"""Opens database connections for Django and for SQLAlchemy."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Callable, TypeVar

import psycopg2

from kolibri_azure_plugin.database.config import DatabaseConfig, Login
from kolibri_azure_plugin.database.credentials import Credentials
from kolibri_azure_plugin.database.failures import SIGN_IN_REFUSED, explain, failure_of
from kolibri_azure_plugin.database.restore_gate import RestoreGate, RestoringError
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline

Connection = TypeVar("Connection")

#: Opens a connection with a login; raises psycopg2's OperationalError.
Opener = Callable[[Login], Connection]

#: Seconds to wait for a connection while the server restarts or fails over, before a learner sees
#: an error.
RECONNECT_TIMEOUT = 30.0

#: The longest pause between two attempts, in seconds.
MAX_DELAY = 2.0


class Outage:
    """How much longer to wait for the server during an outage.

    All threads share one time limit, which begins with the outage and not with a request. Otherwise
    they would all wait until the server is back, and none could answer requests that need no
    database.
    """

    def __init__(self) -> None:
        self._began = self._seen = float("-inf")

    def patience(self) -> float:
        """The seconds left."""
        now = time.monotonic()
        if now - self._seen > RECONNECT_TIMEOUT:
            return RECONNECT_TIMEOUT
        return max(0.0, self._began + RECONNECT_TIMEOUT - now)

    def seen(self) -> None:
        """Note that a connection could not be opened."""
        now = time.monotonic()
        if now - self._seen > RECONNECT_TIMEOUT:
            self._began = now
        self._seen = now

    def over(self) -> None:
        """Note that a connection was opened."""
        self._seen = float("-inf")


@dataclasses.dataclass(frozen=True)
class Database:
    """The database of this process, with its credentials."""

    config: DatabaseConfig
    credentials: Credentials
    outage: Outage = dataclasses.field(default_factory=Outage)
    gate: RestoreGate = dataclasses.field(default_factory=RestoreGate)

    def open(self, opener: Opener[Connection], deadline: Deadline) -> Connection:
        """Open a connection, and wait for services that may be starting.

        :raises DatabaseError: when PostgreSQL does not accept it.
        :raises KolibriAzureError: when there are no credentials.
        """
        return retry_until_deadline(lambda: self._open_once(opener), deadline)

    def _open_once(self, opener: Opener[Connection]) -> Connection:
        try:
            connection = self._sign_in(opener)
            self._admit(connection)
        except psycopg2.OperationalError as error:
            raise self._noted(explain(error, self.config)) from error
        except RestoringError:
            raise
        except KolibriAzureError as error:
            raise self._noted(error) from error.__cause__
        self.outage.over()
        return connection

    def _admit(self, connection: Any) -> None:
        try:
            self.gate.admit(connection)
        except BaseException:
            connection.close()
            raise

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
        """Open a connection in a running site, with the errors that Django expects.

        :raises psycopg2.OperationalError: when the server has been away for half a minute.
        """
        deadline = Deadline(self.outage.patience())
        try:
            return retry_until_deadline(lambda: self._reopen(opener), deadline, MAX_DELAY)
        except KolibriAzureError as error:
            if isinstance(error.__cause__, psycopg2.OperationalError):
                raise error.__cause__ from None
            raise psycopg2.OperationalError(error.summary) from error

    def _reopen(self, opener: Opener[Connection]) -> Connection:
        try:
            return self._open_once(opener)
        except RestoringError as error:
            # A restore may take minutes, and no visitor waits that long.
            raise psycopg2.OperationalError(error.summary) from error


_database: Database | None = None


def use(database: Database) -> None:
    """Set the database of this process."""
    global _database
    _database = database


def is_in_use() -> bool:
    """False in a test deployment on SQLite."""
    return _database is not None


def current() -> Database:
    """The database of this process."""
    if _database is None:
        raise RuntimeError("the plugin's settings have not been applied in this process")
    return _database


def login_parameters(login: Login) -> dict[str, Any]:
    """A login as libpq parameters."""
    return {"user": login.user, "password": login.password}
