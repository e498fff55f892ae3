"""Administration of a running server: roles, databases, sessions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2 import sql

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Connection:
    """One client's session on the server."""

    pid: int
    database: str
    user: str
    application: str
    tls: bool


class Administration(ABC):
    """Statements of the superuser, who connects through the server's socket, without TLS."""

    host: str

    @property
    @abstractmethod
    def port(self) -> int: ...

    @abstractmethod
    def connect(self, database: str) -> psycopg2.extensions.connection:
        """Open a connection as superuser."""

    def url(self, database: str, user: str, password: str, **parameters: str) -> str:
        """The database's URL, percent-encoded; `parameters` such as sslmode="verify-full"."""
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return f"postgresql://{who}@{self.host}:{self.port}/{quote(database, safe='')}{query}"

    def execute(
        self,
        statement: str | sql.Composable,
        parameters: Sequence[object] = (),
        *,
        database: str = "postgres",
    ) -> list[Row]:
        """Run one statement outside a transaction, and return its rows, if it has any."""
        connection = self.connect(database)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create_role(self, name: str, password: str | None = None) -> None:
        """Create a role that may log in, without any privileges."""
        self.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        if password is not None:
            self.set_password(name, password)

    def set_password(self, role: str, password: str) -> None:
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        self.execute(statement.format(sql.Identifier(role), sql.Literal(password)))

    def create_database(self, name: str, *, owner: str) -> None:
        self._create_database(name, owner, template="template0", encoding="UTF8")

    def clone_database(self, template: str, name: str, *, owner: str) -> None:
        """Copy the database `template` to `name`, which is fast; ends the sessions of `template`.

        Objects in the copy keep their owners.
        """
        self.terminate_connections(template)
        self._create_database(name, owner, template=template)

    def drop_database(self, name: str) -> None:
        """Drop `name` and end its sessions, if it exists."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def connections(self, database: str | None = None) -> list[Connection]:
        """The sessions of clients on `database`, or on all, except this one."""
        rows = self.execute(
            "SELECT pid, datname, usename, application_name, coalesce(ssl, false)"
            " FROM pg_stat_activity LEFT JOIN pg_stat_ssl USING (pid)"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND (%s::text IS NULL OR datname = %s) ORDER BY backend_start",
            (database, database),
        )
        return [Connection(*row) for row in rows]

    def terminate_connections(self, database: str) -> int:
        """End every session on `database`, as a failing network does; return their number."""
        rows = self.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            (database,),
        )
        return len(rows)

    def _create_database(
        self, name: str, owner: str, *, template: str, encoding: str | None = None
    ) -> None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template)
        )
        if encoding:
            statement += sql.SQL(" ENCODING {}").format(sql.Literal(encoding))
        self.execute(statement)
