"""The statements that remove everything which a restore replaces.

These are the objects of Kolibri's schema that belong to the user. Extensions and what belongs to
others stay: managed servers have roles and objects of their own.
"""

from __future__ import annotations

from typing import Any

from psycopg2 import sql

#: Kinds of relations, in the order in which they are removed. All of one kind are removed by one
#: statement, because tables refer to each other.
RELATIONS = (
    ("v", "VIEW"),
    ("m", "MATERIALIZED VIEW"),
    ("f", "FOREIGN TABLE"),
    ("rp", "TABLE"),
    ("S", "SEQUENCE"),
)

#: Sequences of columns, partitions and members of extensions are removed with what they depend on.
NAMES = """
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = %s AND relkind = ANY(%s) AND pg_has_role(relowner, 'USAGE')
      AND NOT relispartition AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
          AND (deptype = 'e' OR relkind = 'S' AND deptype IN ('a', 'i')))
    ORDER BY relname
"""

#: Types that are no table's, and routines, each with its statement.
OTHERS = """
    SELECT format('DROP TYPE %%I.%%I', nspname, typname)
    FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
    LEFT JOIN pg_class ON pg_class.oid = typrelid
    WHERE nspname = %(schema)s AND pg_has_role(typowner, 'USAGE')
      AND (typtype IN ('e', 'd') OR typtype = 'c' AND relkind = 'c')
      AND NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_type'::regclass AND objid = pg_type.oid
                        AND deptype = 'e')
    UNION ALL
    SELECT format('DROP ROUTINE %%s', pg_proc.oid::regprocedure)
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname = %(schema)s AND pg_has_role(proowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid
                        AND deptype = 'e')
"""

#: The role that most tables belong to, if it is another than the user: one that stands for several
#: users, so each of them can go on working with the restored tables.
OWNER = """
    SELECT owner.rolname FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_roles AS owner ON owner.oid = relowner
    WHERE nspname = %s AND relkind = 'r' AND pg_has_role(relowner, 'MEMBER')
    GROUP BY owner.rolname ORDER BY count(*) DESC, owner.rolname = current_user DESC LIMIT 1
"""


def become_owner(session: Any, schema: str) -> str:
    """The statement that makes the restored tables belong to the role of the replaced ones."""
    with session.cursor() as cursor:
        cursor.execute(OWNER, (schema,))
        found = cursor.fetchone()
    if found is None:
        return ""
    return sql.SQL("SET LOCAL ROLE {};").format(sql.Identifier(found[0])).as_string(session)


def drop_statements(session: Any, schema: str) -> str:
    """Statements that fail if anything of somebody else depends on the objects."""
    statements = []
    with session.cursor() as cursor:
        for kinds, word in RELATIONS:
            cursor.execute(NAMES, (schema, list(kinds)))
            names = [sql.Identifier(schema, name) for (name,) in cursor.fetchall()]
            if names:
                statement = sql.SQL("DROP {} {};").format(sql.SQL(word), sql.SQL(", ").join(names))
                statements.append(statement.as_string(session))
        cursor.execute(OTHERS, {"schema": schema})
        statements += [f"{statement};" for (statement,) in cursor.fetchall()]
    return "\n".join(statements)
