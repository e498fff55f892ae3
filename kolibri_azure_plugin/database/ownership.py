"""The owner of the database, the rights of Kolibri's user, and whether it may contain data.

Since PostgreSQL 15 only a database's owner may create tables in its schema public, unless granted,
and in every version only a table's owner may change it. Members of the owner role may do both too.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import psycopg2
from psycopg2 import sql

#: The tables of Kolibri 0.19, Django and this plugin. Others in the same schema do not matter.
KOLIBRI_TABLES = (
    "^(analytics|attendance|auth|bookmarks|content|courses|device|discovery|django|exams"
    "|kolibri_azure|kolibriauth|lessons|logger|morango|notifications)_|^jobs$"
)

#: A missing schema has no keeper. The role pg_database_owner means the owner of the database.
EXAMINE = """
    SELECT current_user::text,
           current_database()::text,
           current_setting('server_version_num')::int / 10000,
           owner.rolname::text,
           pg_has_role(owner.oid, 'USAGE'),
           place.name,
           (SELECT CASE keeper.rolname WHEN 'pg_database_owner' THEN owner.rolname
                   ELSE keeper.rolname END::text
            FROM pg_namespace JOIN pg_roles AS keeper ON keeper.oid = nspowner
            WHERE nspname = place.name),
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
           has_database_privilege(current_database(), 'TEMPORARY'),
           EXISTS (SELECT FROM pg_roles WHERE rolname = current_database() || '_owner'),
           ARRAY(SELECT DISTINCT pg_get_userbyid(relowner)::text
                 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                 WHERE nspname = place.name AND relkind IN ('r', 'p') AND relname ~ %s
                   AND NOT pg_has_role(relowner, 'USAGE')
                 ORDER BY 1),
           ARRAY(SELECT rolname::text FROM pg_roles WHERE rolsuper)
    FROM pg_database JOIN pg_roles AS owner ON owner.oid = datdba,
         (SELECT coalesce(current_schema(), 'public')::text AS name) AS place
    WHERE datname = current_database()
"""

#: Every table in any schema, and whether this user can read it.
TABLES = """
    SELECT nspname, relname,
           relkind <> 'f' AND has_schema_privilege(nspname, 'USAGE')
           AND has_table_privilege(pg_class.oid, 'SELECT')
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'm', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    ORDER BY nspname, relname
"""

#: Seconds for a look at all tables.
LOOK_SECONDS = 3

#: Row security would hide rows. With it off, PostgreSQL refuses to read, which counts as data.
LOOK = sql.SQL(
    "SET LOCAL statement_timeout = {seconds}; SET LOCAL row_security = off;"
    "SELECT 'it holds a large object' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)"
).format(seconds=sql.Literal(f"{LOOK_SECONDS}s"))
LOOK_INTO = sql.SQL(" UNION ALL SELECT {sentence} WHERE EXISTS (SELECT FROM {table})")
LIMIT_ONE = sql.SQL(" LIMIT 1")


@dataclasses.dataclass(frozen=True)
class Ownership:
    """The rights of one user in one database, according to PostgreSQL.

    :param user: the role that is signed in.
    :param version: the server's major version.
    :param owner: the role that the database belongs to.
    :param owns_database: the user is the owner, or inherits the owner's rights.
    :param schema: the schema for the user's tables; ``public`` by default.
    :param keeper: the role that can grant rights in the schema; None if the schema is missing.
    :param has_group: the role :attr:`group` exists already.
    :param owners_of_tables: roles that Kolibri's tables belong to and whose rights the user lacks.
    :param superusers: all of them.
    """

    user: str
    database: str
    version: int
    owner: str
    owns_database: bool
    schema: str
    keeper: str | None
    may_create: bool
    may_create_temporary: bool
    has_group: bool
    owners_of_tables: list[str]
    superusers: list[str]

    @property
    def group(self) -> str:
        """The role that can own the database on behalf of several others."""
        return f"{self.database}_owner"

    @property
    def may_migrate(self) -> bool:
        """True if Kolibri can create its tables, and change the existing ones."""
        return self.may_create and not self.owners_of_tables


def examine(session: Any) -> Ownership:
    """Query the ownership in one round trip. No table needs to be readable.

    :param session: a psycopg2 connection in autocommit mode.
    """
    with session.cursor() as cursor:
        cursor.execute(EXAMINE, (KOLIBRI_TABLES,))
        return Ownership(*cursor.fetchone())


def signs_of_data(session: Any) -> str:
    """Why the database may contain data, such as "table jobs holds rows"; empty if it has none.

    A table that can't be read counts as data.

    :param session: a psycopg2 connection in autocommit mode.
    """
    try:
        return _look(session)
    except psycopg2.Error as error:
        reason = str(error).strip().partition("\n")[0]
        return f"its tables can't be looked into, so they may hold rows ({reason})"


def _look(session: Any) -> str:
    with session.cursor() as cursor:
        cursor.execute(TABLES)
        tables = cursor.fetchall()
        for schema, table, readable in tables:
            if not readable:
                return f"table {schema}.{table} can't be looked into, so it may hold rows"
        looks = (
            LOOK_INTO.format(
                sentence=sql.Literal(f"table {schema}.{table} holds rows"),
                table=sql.Identifier(schema, table),
            )
            for schema, table, _ in tables
        )
        cursor.execute(sql.Composed([LOOK, *looks, LIMIT_ONE]))
        found = cursor.fetchone()
    return str(found[0]) if found else ""
