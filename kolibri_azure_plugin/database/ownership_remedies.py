"""How to give Kolibri's user its rights in a database that belongs to another role.

Two mistakes are easy to make. GRANT by a role that may not grant that right reports GRANT and
does nothing. And since PostgreSQL 16 only a superuser can give a table or a database to a role
without being a member of it, CREATEROLE or not. So a group role takes over, with both as members.

A command that deletes data is suggested only if no table has a row and nothing else helps.
"""

from __future__ import annotations

import dataclasses
import itertools
import shlex
from typing import Any

from kolibri_azure_plugin.database.failures import SERVER
from kolibri_azure_plugin.database.ownership import Ownership, signs_of_data
from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.errors.remedies import set_secret

#: Superusers that Azure keeps for itself. No one else can act as one of them.
PLATFORM_ROLES = frozenset({"azuresu", "azure_superuser"})

#: The first version in which each membership defines whether it inherits the role's rights.
INHERIT_BY_MEMBERSHIP = 16

#: Changes the owner of every table of a role in a schema, for which no single statement exists.
HAND_OVER_TABLES = """\
DO $$ DECLARE item text; BEGIN
  FOR item IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname = {schema} AND tableowner = {owner}
  LOOP EXECUTE 'ALTER TABLE ' || item || ' OWNER TO ' || {heir}; END LOOP; END $$;"""


@dataclasses.dataclass(frozen=True)
class Step:
    """A statement, and the role that has to run it."""

    by: str
    statement: str


def refusal(ownership: Ownership, session: Any) -> DatabaseError:
    """The error for a user that can't migrate the database.

    :param session: a psycopg2 connection in autocommit mode, used to look for data.
    """
    signs = signs_of_data(session)
    if ownership.may_create:
        failed, code = "Kolibri may not change its tables.", "database-tables-of-others"
    else:
        failed, code = "Kolibri may not create tables in its database.", "database-no-create"
    return DatabaseError(
        failed,
        expected=f"database {ownership.database} and its tables to belong to {ownership.user}, "
        "or to a role whose rights it has",
        found=f"{describe_owners(ownership)}; {signs or 'no table holds a row'}",
        # The owner of the tables can also give away the database.
        remedy=remedy(ownership, signs, take_over=ownership.owner in ownership.owners_of_tables),
        code=code,
    )


def describe_owners(ownership: Ownership) -> str:
    """The owners of the database, its schema and its tables, in a few words."""
    parts = [f"the database belongs to {ownership.owner}"]
    if ownership.keeper is None:
        parts.append(f"there is no schema {ownership.schema}")
    elif ownership.keeper != ownership.owner:
        parts.append(f"its schema {ownership.schema} to {ownership.keeper}")
    if ownership.owners_of_tables:
        parts.append(f"Kolibri's tables to {', '.join(ownership.owners_of_tables)}")
    return ", ".join(parts)


def remedy(ownership: Ownership, signs: str, *, take_over: bool = False) -> str:
    """How to give the user the rights that it lacks, without losing data.

    :param signs: why the database may contain data; empty if it has none.
    :param take_over: make the user the owner of the database too.
    """
    steps = _steps(ownership, take_over=take_over)
    if PLATFORM_ROLES.isdisjoint(step.by for step in steps):
        return _written_out(steps, ownership.database)
    if signs or ownership.may_migrate:
        return f"Only Azure can grant rights in it. So copy {copy(ownership)}"
    return _delete_and_deploy(ownership)


def temporary_tables(ownership: Ownership) -> str:
    """How to give the user the right to create temporary tables."""
    database, user = _identifier(ownership.database), _identifier(ownership.user)
    grant = f"GRANT TEMPORARY ON DATABASE {database} TO {user};"
    return _written_out([Step(ownership.owner, grant)], ownership.database)


def _steps(ownership: Ownership, *, take_over: bool) -> list[Step]:
    givers = [*ownership.owners_of_tables, *([ownership.owner] if take_over else [])]
    steps = []
    heir = ownership.user
    if not set(givers).issubset(ownership.superusers):
        heir = ownership.group
        steps += _make_group(ownership, givers)
    if ownership.owners_of_tables or not ownership.may_create:
        steps += _open_schema(ownership, heir)
    steps += [
        Step(owner, _hand_over_tables(ownership.schema, owner, heir))
        for owner in ownership.owners_of_tables
    ]
    if take_over:
        database = _identifier(ownership.database)
        statement = f"ALTER DATABASE {database} OWNER TO {_identifier(heir)};  -- needs CREATEDB"
        steps.append(Step(ownership.owner, statement))
    return steps


def _make_group(ownership: Ownership, givers: list[str]) -> list[Step]:
    group = _identifier(ownership.group)
    members = ", ".join(map(_identifier, dict.fromkeys([*givers, ownership.user])))
    inherit = " WITH INHERIT TRUE" if ownership.version >= INHERIT_BY_MEMBERSHIP else ""
    create = Step(givers[0], f"CREATE ROLE {group};  -- needs CREATEROLE, as the next does")
    grant = Step(givers[0], f"GRANT {group} TO {members}{inherit};")
    return [grant] if ownership.has_group else [create, grant]


def _open_schema(ownership: Ownership, heir: str) -> list[Step]:
    schema = _identifier(ownership.schema)
    grant = f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {_identifier(heir)};"
    if ownership.keeper is None:
        return [Step(ownership.owner, f"CREATE SCHEMA {schema};"), Step(ownership.owner, grant)]
    return [Step(ownership.keeper, grant)]


def _hand_over_tables(schema: str, owner: str, heir: str) -> str:
    return HAND_OVER_TABLES.format(
        schema=_literal(schema), owner=_literal(owner), heir=_literal(_identifier(heir))
    )


def _written_out(steps: list[Step], database: str) -> str:
    blocks = []
    for role, its_steps in itertools.groupby(steps, key=lambda step: step.by):
        statements = [step.statement for step in its_steps]
        # A single statement fits on the line. A log shows only the first line of a remedy.
        separator = " " if len(statements) == 1 and "\n" not in statements[0] else "\n"
        head = f"As {role}, or a member of it, in database {database}:"
        blocks.append(separator.join([head, "\n".join(statements)]))
    return "\n".join(blocks)


def _delete_and_deploy(ownership: Ownership) -> str:
    return (
        "Only Azure can grant rights in it. As no table holds a row: remove the lock, delete the "
        "database, and deploy again, which creates a new one:\n"
        "az lock delete -n keep-the-database -g GROUP --resource SERVER "
        "--resource-type Microsoft.DBforPostgreSQL/flexibleServers\n"
        f"{SERVER} db delete -g GROUP -s SERVER -n {ownership.database}"
    )


def copy(ownership: Ownership) -> str:
    """How to copy the data to a new database of the user; continues a sentence.

    The app is stopped, because anything written during the copy would be lost.
    """
    group = _identifier(ownership.group)
    make = _commands(
        *([] if ownership.has_group else [f"CREATE ROLE {group}"]),
        f"GRANT {group} TO CURRENT_USER, {_identifier(ownership.user)}",
        f"CREATE DATABASE NEW OWNER {group} TEMPLATE template0 ENCODING UTF8",
    )
    return (
        "the data into a new database, as an administrator who may read every table, with psql "
        f"and pg_dump of version {ownership.version}:\n"
        "az webapp stop -g GROUP -n APP\n"
        f"psql -d postgres {make}\n"
        f"pg_dump -d {ownership.database} --no-owner --no-privileges -f kolibri.sql\n"
        f"psql -d NEW -1 -v ON_ERROR_STOP=1 {_commands(f'SET ROLE {group}')} -f kolibri.sql\n"
        "Then put a URL that names NEW into the secret, and databaseName into the parameters of "
        "the template, which writes it at each deployment:\n"
        f"{set_secret('kolibri-database-url')}\n"
        "az webapp start -g GROUP -n APP"
    )


def _commands(*statements: str) -> str:
    return " ".join(f"-c {shlex.quote(statement)}" for statement in statements)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
