"""Makes channel import, which connects through SQLAlchemy, use the same login and the same TLS.

Kolibri formats a SQLAlchemy URL from DATABASES without quoting and without sslmode (0.19.5,
core/content/utils/sqlalchemybridge.py). The URL only identifies Kolibri's own engine. The
connection's parameters come from here.
"""

from __future__ import annotations

from typing import Any

import psycopg2

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.database.connections import login_parameters


def connect_like_django() -> None:
    """Have every SQLAlchemy engine for Kolibri's database connect as Django does."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "do_connect", _connect)


def _connect(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> Any:
    """A connection to Kolibri's database; None lets SQLAlchemy connect to any other itself."""
    if dialect.name != "postgresql" or parameters != _kolibri_parameters(dialect):
        return None
    database = connections.current()
    return database.reconnect(
        lambda login: psycopg2.connect(
            **database.config.connection_parameters(), **login_parameters(login)
        )
    )


def _kolibri_parameters(dialect: Any) -> dict[str, Any]:
    from kolibri.core.content.utils.sqlalchemybridge import get_default_db_string
    from sqlalchemy.engine import make_url

    _arguments, parameters = dialect.create_connect_args(make_url(get_default_db_string()))
    return dict(parameters)
