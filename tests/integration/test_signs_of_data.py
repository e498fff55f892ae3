"""A database counts as empty only if every table was read and had no rows."""

from __future__ import annotations

import contextlib

import psycopg2
import pytest

from kolibri_azure_plugin.database.ownership import signs_of_data

NAME, PASSWORD = "looked_into", "the-password"


@pytest.fixture
def database(postgres):
    """A database, and a role that can read its schema public."""
    postgres.create_role(NAME, PASSWORD)
    postgres.create_database(NAME, owner="postgres")
    yield lambda statement: postgres.execute(statement, database=NAME)
    postgres.drop_database(NAME)
    postgres.execute(f"DROP ROLE {NAME}")


@pytest.fixture
def session(postgres, database):
    """The role's connection, like the doctor's."""
    url = postgres.url(NAME, NAME, PASSWORD, sslmode="require")
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.set_session(readonly=True, autocommit=True)
        yield connection


def test_without_a_table_there_is_none(session):
    assert signs_of_data(session) == ""


def test_tables_without_rows_are_none(database, session):
    for name in ("jobs", '"Mixed ""Case"', "gone"):
        database(f"CREATE TABLE {name} (number int)")
        database(f"GRANT SELECT ON {name} TO {NAME}")
    database("INSERT INTO gone VALUES (1)")
    database("DELETE FROM gone")
    assert signs_of_data(session) == ""


@pytest.mark.parametrize("table", ["jobs", '"Mixed ""Case"', "elsewhere.notes"])
def test_a_single_row_is_one_in_whatever_schema(database, session, table):
    database("CREATE SCHEMA elsewhere")
    database(f"GRANT USAGE ON SCHEMA elsewhere TO {NAME}")
    database(f"CREATE TABLE {table} AS SELECT 1 AS number")
    database(f"GRANT SELECT ON {table} TO {NAME}")
    assert signs_of_data(session).endswith(" holds rows")


def test_rows_of_a_partition_count(database, session):
    database("CREATE TABLE parted (number int) PARTITION BY LIST (number)")
    database("CREATE TABLE part PARTITION OF parted FOR VALUES IN (1)")
    database("INSERT INTO parted VALUES (1)")
    database(f"GRANT SELECT ON parted, part TO {NAME}")
    assert signs_of_data(session) == "table public.part holds rows"


def test_a_large_object_is_one(database, session):
    database("SELECT lo_create(0)")
    assert signs_of_data(session) == "it holds a large object"


@pytest.mark.parametrize(
    "hide",
    [
        f"REVOKE ALL ON jobs FROM {NAME}",
        f"GRANT SELECT ON jobs TO {NAME}; CREATE SCHEMA closed; ALTER TABLE jobs SET SCHEMA closed",
    ],
    ids=["a table that may not be read", "a schema that may not be entered"],
)
def test_a_table_without_read_permission_may_hold_rows(database, session, hide):
    database("CREATE TABLE jobs (number int)")
    database(hide)
    assert signs_of_data(session).endswith("jobs can't be looked into, so it may hold rows")


def test_rows_that_row_security_hides_count(database, session):
    database("CREATE TABLE jobs AS SELECT 1 AS number")
    database(f"GRANT SELECT ON jobs TO {NAME}")
    database("ALTER TABLE jobs ENABLE ROW LEVEL SECURITY")
    with session.cursor() as cursor:
        cursor.execute("SELECT * FROM jobs")
        assert cursor.fetchall() == []
    assert "may hold rows" in signs_of_data(session)


def test_a_table_that_somebody_has_locked_may_hold_rows(postgres, database, session):
    database("CREATE TABLE jobs (number int)")
    database(f"GRANT SELECT ON jobs TO {NAME}")
    database(f"GRANT CREATE ON SCHEMA public TO {NAME}")
    database(f"ALTER TABLE jobs OWNER TO {NAME}")
    url = postgres.url(NAME, NAME, PASSWORD, sslmode="require")
    with contextlib.closing(psycopg2.connect(url)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE jobs")
        found = signs_of_data(session)
    assert "may hold rows" in found
    assert "statement timeout" in found


def test_a_look_changes_nothing_about_the_session(session):
    def settings():
        with session.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), current_setting('row_security')"
            )
            return cursor.fetchone()

    before = settings()
    signs_of_data(session)
    assert settings() == before
