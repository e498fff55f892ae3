"""Opens connections, for Django and for SQLAlchemy alike."""

from __future__ import annotations

import dataclasses
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


@dataclasses.dataclass(frozen=True)
class Database:
    """The database of this process, and what signs in to it."""

    config: DatabaseConfig
    credentials: Credentials

    def open(self, opener: Opener[Connection], deadline: Deadline) -> Connection:
        """A new connection; what may be coming up is waited for.

        :raises DatabaseError: when there is none.
        :raises KolibriAzureError: when there is nothing to sign in with.
        """
        return until_it_works(lambda: self._open_once(opener), deadline)

    def _open_once(self, opener: Opener[Connection]) -> Connection:
        try:
            return self._sign_in(opener)
        except psycopg2.OperationalError as error:
            raise explain(error, self.config) from error

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

        :raises psycopg2.OperationalError: when there is none within half a minute.
        """
        try:
            return self.open(opener, Deadline(RECONNECT_TIMEOUT))
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
