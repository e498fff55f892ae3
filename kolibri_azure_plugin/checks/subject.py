"""The deployment under examination, and what several checks need of it."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from kolibri_azure_plugin import context, preconditions, startup
from kolibri_azure_plugin.database.connections import Database
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.retry import Deadline
from kolibri_azure_plugin.settings import APP

#: Seconds that one question to the database may take.
STATEMENT_TIMEOUT = 4


class Subject:
    """What the checks examine. Everything is asked for once, when the first check needs it.

    :param deep: look at everything where a sample would do.
    """

    def __init__(self, *, deep: bool = False) -> None:
        self.deep = deep
        self._lock = threading.Lock()
        self._session: Any = None

    @functools.cached_property
    def context(self) -> context.Context:
        """Settings, identity, vault and secrets.

        :raises SettingsError: when a setting can't be used.
        """
        return context.current()

    @property
    def role(self) -> str:
        """What KOLIBRI_AZURE_ROLE says; the usual role where the settings can't be read."""
        try:
            return self.context.settings.role
        except SettingsError:
            return APP

    @property
    def wants_postgresql(self) -> bool:
        here = self.context
        return preconditions.wants_postgresql(here.settings, os.environ, here.options)

    @property
    def secret_names(self) -> list[str]:
        """The secrets without which Kolibri does not start."""
        settings, secrets = self.context.settings, self.context.secrets
        names = [settings.secret_key_secret]
        if self.wants_postgresql:
            plain = bool(self._plain_options()["DATABASE_HOST"])
            url = settings.database_url_secret
            if not plain or secrets.find(url, optional=True) is not None:
                names.append(url)
            elif settings.database_auth == "password":
                names.append(settings.database_password_secret)
        return names

    @functools.cached_property
    def database(self) -> Database:
        """The database that settings and secrets name; nothing is connected to.

        :raises KolibriAzureError: when they name none that is safe.
        """
        return startup.find_database(self.context, self._plain_options())

    @property
    def session(self) -> Any:
        """A connection of psycopg2 that can only read.

        :raises KolibriAzureError: when there is none.
        """
        with self._lock:
            if self._session is None:
                session = startup.connect(self.database, Deadline(0))
                session.set_session(readonly=True, autocommit=True)
                with session.cursor() as cursor:
                    cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")
                self._session = session
            return self._session

    def close(self) -> None:
        """End what was connected; nothing may be asked after that."""
        with self._lock:
            if self._session is not None:
                self._session.close()

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a statement that only reads; errors as for :attr:`session`."""
        with self.session.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def value(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """The single value that a statement gives."""
        return self.query(statement, parameters)[0][0]

    def _plain_options(self) -> Mapping[str, str]:
        """Kolibri's database options as they were given, without Kolibri's own reading of them."""
        names = ("HOST", "PORT", "NAME", "USER", "SSL_MODE")
        return {
            f"DATABASE_{name}": preconditions.given_option(
                f"DATABASE_{name}", "Database", os.environ, self.context.options
            )
            for name in names
        }
