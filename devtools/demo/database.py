"""The demo's database."""

from __future__ import annotations

from secrets import token_urlsafe

from psycopg2 import sql

from devtools.channel import CHANNEL_ID
from devtools.demo.accounts import LEARNER
from devtools.postgres import PostgresServer

NAME, ROLE = "kolibri", "kolibri"


class DemoDatabase:
    """Kolibri's database on the demo's server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @property
    def name(self) -> str:
        """The name and version of the server."""
        return f"PostgreSQL {self._server.installation.version}"

    @property
    def port(self) -> int:
        return self._server.port

    def prepare(self) -> str:
        """Create the database and role if absent; return the URL for Kolibri.

        The password is new each time, because no user needs it.
        """
        server = self._server
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]):
            server.create_role(ROLE)
        password = token_urlsafe(24)
        server.set_password(ROLE, password)
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]):
            server.create_database(NAME, owner=ROLE)
        return server.url(NAME, ROLE, password)

    def is_set_up(self) -> bool:
        return self._has("device_devicesettings", "is_provisioned", True)

    def has_learner(self) -> bool:
        return self._has("kolibriauth_facilityuser", "username", LEARNER)

    def has_channel(self) -> bool:
        """Whether the channel is complete: the root of its tree becomes available last."""
        if not self._has("content_channelmetadata", "id", CHANNEL_ID):
            return False
        return bool(
            self._server.execute(
                "SELECT 1 FROM content_channelmetadata channel"
                " JOIN content_contentnode root ON root.id = channel.root_id"
                " WHERE channel.id = %s AND root.available",
                [CHANNEL_ID],
                database=NAME,
            )
        )

    def _has(self, table: str, column: str, value: object) -> bool:
        """Whether there is such a row; False if the table does not exist yet."""
        execute = self._server.execute
        [(known,)] = execute("SELECT to_regclass(%s) IS NOT NULL", [table], database=NAME)
        if not known:
            return False
        query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s LIMIT 1")
        names = sql.Identifier(table), sql.Identifier(column)
        return bool(execute(query.format(*names), [value], database=NAME))
