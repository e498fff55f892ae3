"""Connections of the plugin's own, beside those of Django."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from typing import Any

import psycopg2

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.connections import RECONNECT_TIMEOUT, login_parameters
from kolibri_azure_plugin.retry import Deadline

#: libpq's side: a query that is not answered fails within seconds.
CLIENT_OPTIONS = {
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}

#: The server's side: it ends the session of a client that went away without a word just as fast,
#: also while it runs a statement for it. A parameter that this server does not know is left out.
WHEN_ABANDONED = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5000",
    "client_connection_check_interval": "1000",
}

#: A session that only holds a lock is never ended for being idle.
WHEN_IDLE = {"idle_session_timeout": "0", "statement_timeout": "0", "lock_timeout": "0"}

SET_PARAMETERS = """
    SELECT set_config(name, %s::jsonb ->> name, false) FROM pg_settings WHERE name IN %s
"""

#: PostgreSQL cuts an application_name after this many bytes.
LONGEST_NAME = 63


def open_session(purpose: str, patience: float = RECONNECT_TIMEOUT) -> Any:
    """A psycopg2 connection in autocommit mode, under a name that tells who has it, and for what.

    :param patience: seconds for a server that is coming up; half a minute, unless told.
    :raises DatabaseError: when there is none within that time.
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
    """Set the parameters that the server knows, for the cursor's session."""
    cursor.execute(SET_PARAMETERS, (json.dumps(dict(parameters)), tuple(parameters)))


def session_name(purpose: str) -> str:
    """What pg_stat_activity shows: ``kolibri PURPOSE, HOST process PID``."""
    who = f"process {os.getpid()}"
    room = LONGEST_NAME - len(f"kolibri {purpose},  {who}")
    return f"kolibri {purpose}, {socket.gethostname()[:room]} {who}"
