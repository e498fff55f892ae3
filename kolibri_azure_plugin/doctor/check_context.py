"""The deployment under examination, and the resources that several checks share."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.configuration.settings import APP
from kolibri_azure_plugin.database.config import login_source
from kolibri_azure_plugin.database.connections import Database
from kolibri_azure_plugin.database.opening import connect, find_database
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.retry import Deadline

#: Seconds that one query may take.
STATEMENT_TIMEOUT = 4


class CheckContext:
    """The subject of the checks. Each resource is loaded once, when the first check needs it.

    :param deep: examine everything, not a sample.
    """

    def __init__(self, *, deep: bool = False) -> None:
        self.deep = deep
        self._lock = threading.Lock()
        self._session: Any = None

    @functools.cached_property
    def context(self) -> context.Context:
        """Settings, identity, vault and secrets.

        :raises SettingsError: when a setting is not valid.
        """
        return context.current()

    @property
    def role(self) -> str:
        """The value of KOLIBRI_AZURE_ROLE, or the usual role if the settings can't be read."""
        try:
            return self.context.settings.role
        except SettingsError:
            return APP

    @property
    def wants_postgresql(self) -> bool:
        return self.context.deployment.wants_postgresql

    @property
    def secret_names(self) -> list[str]:
        """The secrets that Kolibri needs to start."""
        names = [self.context.settings.signing_key_secret]
        if self.wants_postgresql:
            names.append(login_source(self.context.deployment, self.context.secrets).secret)
        return [name for name in names if name]

    @functools.cached_property
    def database(self) -> Database:
        """The database that settings and secrets name, without a connection.

        :raises KolibriAzureError: when they name no safe one.
        """
        return find_database(self.context)

    @property
    def session(self) -> Any:
        """A read-only connection of psycopg2.

        :raises KolibriAzureError: when connecting fails.
        """
        with self._lock:
            if self._session is None:
                session = connect(self.database, Deadline(0))
                session.set_session(readonly=True, autocommit=True)
                with session.cursor() as cursor:
                    cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")
                self._session = session
            return self._session

    def close(self) -> None:
        """Close the connection. The checks must have ended."""
        with self._lock:
            if self._session is not None:
                self._session.close()

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a read-only statement. Errors as for :attr:`session`."""
        with self.session.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def value(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """The single value that a statement returns."""
        return self.query(statement, parameters)[0][0]
