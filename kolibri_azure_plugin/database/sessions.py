"""The plugin's own connections, separate from Django's."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from typing import Any

import psycopg2

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.config import APPLICATION
from kolibri_azure_plugin.database.connections import RECONNECT_TIMEOUT, login_parameters
from kolibri_azure_plugin.errors.retry import Deadline

#: For libpq: an unanswered query fails within seconds.
CLIENT_OPTIONS = {
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}

#: For the server: it ends the session of a silently lost client just as fast, even while it runs a
#: statement. Parameters that the server does not support are left out.
WHEN_ABANDONED = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5000",
    "client_connection_check_interval": "1000",
}

#: The server must not end a session that only holds a lock for being idle.
WHEN_IDLE = {"idle_session_timeout": "0", "statement_timeout": "0", "lock_timeout": "0"}

SET_PARAMETERS = """
    SELECT set_config(name, %s::jsonb ->> name, false) FROM pg_settings WHERE name IN %s
"""

#: PostgreSQL cuts an application_name after this many bytes.
MAX_NAME_LENGTH = 63


def open_session(purpose: str, patience: float = RECONNECT_TIMEOUT) -> Any:
    """A psycopg2 connection in autocommit mode, named after its process and purpose.

    :param patience: seconds to wait for a server that is starting.
    :raises DatabaseError: when it can't be opened within that time.
    """
    database = connections.current()
    parameters = {**database.config.connection_parameters(), **CLIENT_OPTIONS}
    parameters["application_name"] = session_name(purpose)
    session = database.open(
        lambda login: psycopg2.connect(**parameters, **login_parameters(login)),
        Deadline(patience),
    )
    session.autocommit = True
    with session.cursor() as cursor:
        set_parameters(cursor, {**WHEN_ABANDONED, **WHEN_IDLE})
    return session


def set_parameters(cursor: Any, parameters: Mapping[str, str]) -> None:
    """Set the parameters that the server supports, for the cursor's session."""
    cursor.execute(SET_PARAMETERS, (json.dumps(dict(parameters)), tuple(parameters)))


def session_name(purpose: str) -> str:
    """The name shown in pg_stat_activity: ``kolibri PURPOSE, HOST process PID``."""
    begin, end = f"{APPLICATION} {purpose}, ", f" process {os.getpid()}"
    room = MAX_NAME_LENGTH - len(begin + end)
    return begin + socket.gethostname()[:room] + end
