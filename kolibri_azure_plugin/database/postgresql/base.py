"""The backend: Django's own, with five things added.

- The password stands in no setting: it is asked for when a connection is opened.
- A connection that died while it lay idle is replaced before it is used. Django 3.2 would find
  out by a failed request; its own CONN_HEALTH_CHECKS came with 4.1.
- While the server restarts or fails over, whoever needs a connection waits.
- Something can be written as the last thing of a transaction (before_commit.py).
- Every text that SQLite takes is taken, and what does not fit is refused by name (storing.py).
"""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql.client import DatabaseClient as PostgresqlClient

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.connections import login_parameters
from kolibri_azure_plugin.database.postgresql.before_commit import WritesBeforeCommit
from kolibri_azure_plugin.database.postgresql.storing import StoresEveryText

#: Seconds of idleness after which a round trip shows whether the connection still works. Before
#: that, the operating system knows of nearly every connection that ended, and answers for free.
IDLE = 30.0


class DatabaseClient(PostgresqlClient):
    """`kolibri manage dbshell`, which gets the login through psql's environment."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        login = connections.current().credentials.current()
        return super().settings_to_cmd_args_env(
            {**settings_dict, "USER": login.user, "PASSWORD": login.password}, parameters
        )


class DatabaseWrapper(StoresEveryText, WritesBeforeCommit):
    """A connection to PostgreSQL."""

    client_class = DatabaseClient

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._used_at = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        open_connection = super().get_new_connection
        connection = connections.current().reconnect(
            lambda login: open_connection({**conn_params, **login_parameters(login)})
        )
        # Django remembers the mode of the one before. A question to this one, which is in none
        # yet, would begin a transaction that nobody ends.
        self.autocommit = False
        return connection

    def ensure_connection(self) -> None:
        self._close_if_dead()
        super().ensure_connection()
        self._used_at = time.monotonic()

    def close_if_unusable_or_obsolete(self) -> None:
        """Called between two requests, where a dead connection is not replaced yet.

        The next request may need none, and Django handles no error at this place.
        """
        self._close_if_dead()
        super().close_if_unusable_or_obsolete()

    def _close_if_dead(self) -> None:
        in_transaction = self.in_atomic_block or not self.autocommit
        if self.connection is not None and not in_transaction and self._died_while_idle():
            self.close()

    def _died_while_idle(self) -> bool:
        if self.connection.closed:
            return True
        idle = time.monotonic() - self._used_at
        if idle < IDLE and not _has_news(self.connection):
            return False
        self._used_at = time.monotonic()
        return not self.is_usable()


def _has_news(connection: Any) -> bool:
    """True when the server has sent something unasked, which mostly is its farewell."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
