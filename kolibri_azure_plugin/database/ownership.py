"""Whose the database is, what Kolibri's user may do in it, and whether it may hold data.

Since PostgreSQL 15 only a database's owner may create tables in its schema public, unless granted,
and in every version only a table's owner may change it. Both go for members of the owner too.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import psycopg2
from psycopg2 import sql

#: The tables that Kolibri 0.19, Django and this plugin make. Others in the same schema are not
#: Kolibri's business.
TABLES_OF_KOLIBRI = (
    "^(analytics|attendance|auth|bookmarks|content|courses|device|discovery|django|exams"
    "|kolibri_azure|kolibriauth|lessons|logger|morango|notifications)_|^jobs$"
)

#: A schema that is missing has no keeper; pg_database_owner stands for whoever owns the database.
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

#: Every table, of whatever schema, and whether this user can look into it.
TABLES = """
    SELECT nspname, relname,
           relkind <> 'f' AND has_schema_privilege(nspname, 'USAGE')
           AND has_table_privilege(pg_class.oid, 'SELECT')
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'm', 'f') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    ORDER BY nspname, relname
"""

#: Seconds for a look into all tables.
LOOK_SECONDS = 3

#: Row security would hide rows; without it PostgreSQL refuses to look, which counts as data.
LOOK = sql.SQL(
    "SET LOCAL statement_timeout = {seconds}; SET LOCAL row_security = off;"
    "SELECT 'it holds a large object' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)"
).format(seconds=sql.Literal(f"{LOOK_SECONDS}s"))
LOOK_INTO = sql.SQL(" UNION ALL SELECT {sentence} WHERE EXISTS (SELECT FROM {table})")
STOP_AT_THE_FIRST = sql.SQL(" LIMIT 1")


@dataclasses.dataclass(frozen=True)
class Ownership:
    """What PostgreSQL says of one database and the user that asks.

    :param user: the role that asks.
    :param version: the server's major version.
    :param owner: the role that the database belongs to.
    :param owns_database: the user is the owner, or inherits the owner's rights.
    :param schema: where the user's tables go; ``public`` when nothing else does.
    :param keeper: the role that can give rights in the schema; None when there is no such schema.
    :param has_group: there is a role :attr:`group` already.
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
        """The role that can own the database for several others."""
        return f"{self.database}_owner"

    @property
    def may_migrate(self) -> bool:
        """True when Kolibri can create its tables, and change those that are there."""
        return self.may_create and not self.owners_of_tables


def examine(session: Any) -> Ownership:
    """What PostgreSQL says, in one round trip; no table has to be readable.

    :param session: a connection of psycopg2 in autocommit mode.
    """
    with session.cursor() as cursor:
        cursor.execute(EXAMINE, (TABLES_OF_KOLIBRI,))
        return Ownership(*cursor.fetchone())


def signs_of_data(session: Any) -> str:
    """Why the database may hold data, such as "table jobs holds rows"; empty when it holds none.

    What can't be looked at counts as data.

    :param session: a connection of psycopg2 in autocommit mode.
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
        cursor.execute(sql.Composed([LOOK, *looks, STOP_AT_THE_FIRST]))
        found = cursor.fetchone()
    return str(found[0]) if found else ""
