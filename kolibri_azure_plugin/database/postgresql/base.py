"""Django's own backend with five additions.

- No setting contains the password. The backend fetches it whenever it opens a connection.
- A connection that died while idle is replaced before it is used. In Django 3.2 a request would
  fail first; CONN_HEALTH_CHECKS exists only since 4.1.
- While the server restarts or fails over, requests that need a connection wait.
- Callers can write items at the end of a transaction (before_commit.py).
- Texts that only SQLite accepts are accepted too, and errors for values that do not fit name the
  field (sanitizing.py, storable.py).
"""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql.client import DatabaseClient as PostgresqlClient

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.connections import login_parameters
from kolibri_azure_plugin.database.postgresql.before_commit import BeforeCommitMixin
from kolibri_azure_plugin.database.postgresql.sanitizing import SanitizingMixin

#: Seconds of idleness after which a round trip tests whether the connection still works. Before
#: that, the operating system detects nearly every connection that ended, at no cost.
IDLE = 30.0


class DatabaseClient(PostgresqlClient):
    """`kolibri manage dbshell`, which passes the login in psql's environment."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: list[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        login = connections.current().credentials.current()
        return super().settings_to_cmd_args_env(
            {**settings_dict, "USER": login.user, "PASSWORD": login.password}, parameters
        )


class DatabaseWrapper(SanitizingMixin, BeforeCommitMixin):
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
        # Django remembers the mode of the previous connection. A query on this one, which is not
        # in autocommit mode yet, would begin a transaction that no one ends.
        self.autocommit = False
        return connection

    def ensure_connection(self) -> None:
        self._close_if_dead()
        super().ensure_connection()
        self._used_at = time.monotonic()

    def close_if_unusable_or_obsolete(self) -> None:
        """Close a dead connection between two requests, without opening a new one.

        The next request may not need one, and Django handles no errors here.
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
        if idle < IDLE and not _has_pending_data(self.connection):
            return False
        self._used_at = time.monotonic()
        return not self.is_usable()


def _has_pending_data(connection: Any) -> bool:
    """True if the server has sent unsolicited data, usually because it closes the connection."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
