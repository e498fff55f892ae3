"""A database that belongs to another role: the error is clear, and its remedy works.

The roles are those of Azure: ``azuresu``, a superuser that customers can't sign in as;
``azure_pg_admin``; administrators who may create roles and databases; and Kolibri's own, which may
do neither.
"""

from __future__ import annotations

import json
import re

import pytest

from devtools.fleet import Fleet
from devtools.postgres import MissingPostgresError, PostgresServer, find_installation
from kolibri_azure_plugin.database.ownership import KOLIBRI_TABLES
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from tests.long_forms import each_or

from .run_remedies import psql, shell, statements_of

pytestmark = pytest.mark.slow

PASSWORD = "the-password"
MIGRATED, MIGRATED_BY_ANOTHER = "migrated", "migrated_by_another"

RIGHTS, OWNER = "azure.database.rights", "azure.database.owner"

#: Words that no message about a database with data may contain.
DELETES = re.compile(r"\b(delete|drop|purge|truncate)\b", re.IGNORECASE)

USERS = "SELECT count(*) FROM kolibriauth_facilityuser"

#: Installing Kolibri takes most of the time, and rights on an empty database are the same in both
#: versions. That Kolibri installs itself on each is seen in `templates`.
INSTALLS = pytest.mark.parametrize("server", ["17"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=each_or(("16", "17"), "17"))
def server(request, authority):
    """A PostgreSQL with Azure's roles, and two databases that Kolibri has filled."""
    try:
        find_installation(request.param)
    except MissingPostgresError as error:
        pytest.skip(str(error))
    with PostgresServer.temporary(authority, version=request.param) as made:
        for role in ("kolibri", "former", "administrator"):
            made.create_role(role, PASSWORD)
        for statement in (
            "CREATE ROLE azuresu SUPERUSER",
            "CREATE ROLE azure_pg_admin",
            "ALTER ROLE former CREATEROLE CREATEDB",
            "ALTER ROLE administrator CREATEROLE CREATEDB",
            "GRANT azure_pg_admin, pg_read_all_data TO administrator",
        ):
            made.execute(statement)
        yield made


@pytest.fixture(scope="module")
def templates(server, authority, tmp_path_factory):
    """Two databases: Kolibri's role owns the tables of one, another role those of the other."""
    server.create_database(MIGRATED, owner="kolibri")
    folder = tmp_path_factory.mktemp(MIGRATED)
    fleet = Fleet(folder, server, authority, MIGRATED, "kolibri", PASSWORD)
    fleet.instance("home").provision(
        username="admin", password="admin-password", preset="nonformal"
    )
    server.clone_database(MIGRATED, MIGRATED_BY_ANOTHER, owner="former")
    server.execute("REASSIGN OWNED BY kolibri TO former", database=MIGRATED_BY_ANOTHER)
    # That includes all databases of the role.
    server.execute(f"ALTER DATABASE {MIGRATED} OWNER TO kolibri")


@pytest.fixture
def site(server, authority, templates, tmp_path):
    """A deployment on a database from a test."""
    server.drop_database("kolibri")
    yield Fleet(tmp_path, server, authority, "kolibri", "kolibri", PASSWORD)
    for name in ("kolibri", "kolibri_copy"):
        server.drop_database(name)
    server.execute("DROP ROLE IF EXISTS kolibri_owner")
    server.execute("REVOKE azure_pg_admin, former FROM kolibri")
    server.execute("ALTER ROLE kolibri INHERIT")


def start(site):
    """Any command that prepares the database, as every start does."""
    return site.instance("home").run("manage", "check")


def refused(site, code):
    """The output of a start, which must fail."""
    result = start(site)
    assert result.code == EXIT_CODE, result.output
    assert f"#{code}\n" in result.output
    assert "Traceback" not in result.output
    return result.stderr


def examine(site):
    """The doctor's results for rights and owner."""
    result = site.instance("home").run(
        "manage", "azure_check", "--only", OWNER, "--format", "json", environment={}
    )
    checks = {check["id"]: check for check in json.loads(result.stdout)["checks"]}
    return checks[RIGHTS], checks[OWNER]


def assert_well(site):
    """The start succeeds, and the doctor finds nothing."""
    result = start(site)
    assert result.code == 0, result.output
    assert [check["status"] for check in examine(site)] == ["pass", "pass"]


def carry_out(site, remedy):
    blocks = statements_of(remedy)
    assert blocks, remedy
    for role, database, statements in blocks:
        psql(site.postgres, role, PASSWORD, database, statements)


def users(site):
    return site.postgres.execute(USERS, database=site.database)[0][0]


@INSTALLS
def test_an_empty_database_of_the_platforms_must_be_created_again(site):
    site.postgres.create_database("kolibri", owner="azuresu")

    said = refused(site, "database-no-create")
    rights, owner = examine(site)

    assert "the database belongs to azuresu; no table holds a row" in said
    assert rights["status"] == "fail"
    assert rights["measurements"]["error"] == "database-no-create"
    for text in (said, rights["remedy"]):
        lock, database = text.index("az lock delete"), text.index("db delete")
        assert lock < database < text.index("-n kolibri")
    assert owner["message"] == f"needs {RIGHTS}"

    # As a deployment would, with its administrators.
    site.postgres.drop_database("kolibri")
    site.postgres.create_database("kolibri", owner="kolibri")
    assert_well(site)


def test_a_database_of_the_platforms_with_rows_must_be_copied(site):
    site.postgres.clone_database(MIGRATED, "kolibri", owner="azuresu")
    before = users(site)

    said = refused(site, "database-no-create")
    rights, _ = examine(site)

    assert "holds rows" in said
    assert not DELETES.search(said + json.dumps(rights))
    commands = [line for line in rights["remedy"].splitlines() if line.startswith(("psql", "pg_"))]
    shell(site.postgres, "administrator", PASSWORD, commands, {"NEW": "kolibri_copy"}, site.folder)
    site.database = "kolibri_copy"
    assert users(site) == before > 0
    assert_well(site)


@INSTALLS
def test_an_empty_one_of_another_role_needs_a_grant_and_nothing_is_deleted(site):
    site.postgres.create_database("kolibri", owner="former")

    said = refused(site, "database-no-create")
    rights, _ = examine(site)

    assert "the database belongs to former" in said
    assert not DELETES.search(said + json.dumps(rights))
    carry_out(site, rights["remedy"])
    result = start(site)
    assert result.code == 0, result.output
    assert "Database kolibri belongs to former, not to kolibri." in result.output
    rights, owner = examine(site)
    assert (rights["status"], owner["status"]) == ("pass", "warn")

    carry_out(site, owner["remedy"])
    assert_well(site)


def test_one_whose_tables_are_another_roles_too_is_handed_over_with_its_rows(site):
    site.postgres.clone_database(MIGRATED_BY_ANOTHER, "kolibri", owner="former")
    before = users(site)

    said = refused(site, "database-no-create")
    rights, _ = examine(site)

    assert "Kolibri's tables to former" in said
    assert not DELETES.search(said + json.dumps(rights))
    carry_out(site, rights["remedy"])
    assert_well(site)
    assert users(site) == before > 0


def test_tables_of_another_role_in_a_database_of_kolibris_are_handed_over(site):
    site.postgres.clone_database(MIGRATED_BY_ANOTHER, "kolibri", owner="kolibri")
    before = users(site)

    said = refused(site, "database-tables-of-others")
    rights, owner = examine(site)

    assert "Kolibri may not change its tables." in said
    assert not DELETES.search(said + json.dumps(owner))
    assert (rights["status"], owner["status"]) == ("pass", "fail")
    assert owner["measurements"]["error"] == "database-tables-of-others"
    carry_out(site, owner["remedy"])
    assert_well(site)
    assert users(site) == before > 0
    # The former owner has lost nothing.
    psql(site.postgres, "former", PASSWORD, "kolibri", USERS)


@INSTALLS
def test_azures_own_arrangement_is_good_enough_and_said(site):
    """azure_pg_admin owns the schema public, so Kolibri works in a database of azuresu."""
    site.postgres.create_database("kolibri", owner="azuresu")
    site.postgres.execute("ALTER SCHEMA public OWNER TO azure_pg_admin", database="kolibri")
    site.postgres.execute("GRANT azure_pg_admin TO kolibri")

    result = start(site)
    rights, owner = examine(site)

    assert result.code == 0, result.output
    assert "Database kolibri belongs to azuresu, not to kolibri." in result.output
    assert (rights["status"], owner["status"]) == ("pass", "warn")
    assert "holds rows" in owner["cause"]
    assert not DELETES.search(json.dumps(owner))


@INSTALLS
def test_an_administrator_of_azure_lets_another_role_into_the_schema(site):
    site.postgres.create_database("kolibri", owner="azuresu")
    site.postgres.execute("ALTER SCHEMA public OWNER TO azure_pg_admin", database="kolibri")

    said = refused(site, "database-no-create")

    assert "As azure_pg_admin, or a member of it" in said
    _, database, statements = statements_of(examine(site)[0]["remedy"])[0]
    psql(site.postgres, "administrator", PASSWORD, database, statements)
    assert start(site).code == 0


def test_a_member_of_the_owner_is_as_good_as_the_owner(site):
    site.postgres.clone_database(MIGRATED_BY_ANOTHER, "kolibri", owner="former")
    site.postgres.execute("GRANT former TO kolibri")

    assert_well(site)
    assert "former, whose rights kolibri has" in examine(site)[1]["message"]


def test_a_member_that_does_not_inherit_is_not(site):
    site.postgres.clone_database(MIGRATED_BY_ANOTHER, "kolibri", owner="former")
    site.postgres.execute("ALTER ROLE kolibri NOINHERIT")
    site.postgres.execute("GRANT former TO kolibri")

    refused(site, "database-no-create")
    carry_out(site, examine(site)[0]["remedy"])
    assert_well(site)


def test_every_table_of_kolibri_is_known_as_one(site):
    unknown = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ %s"
    assert site.postgres.execute(unknown, (KOLIBRI_TABLES,), database=MIGRATED) == []


def test_a_table_that_is_not_kolibris_is_ignored(site):
    site.postgres.clone_database(MIGRATED, "kolibri", owner="kolibri")
    site.postgres.execute("CREATE TABLE reports AS SELECT 1", database="kolibri")

    assert_well(site)


@INSTALLS
def test_without_the_schema_public_it_must_be_created(site):
    site.postgres.create_database("kolibri", owner="former")
    site.postgres.execute("DROP SCHEMA public", database="kolibri")

    assert "there is no schema public" in refused(site, "database-no-create")
    carry_out(site, examine(site)[0]["remedy"])
    assert start(site).code == 0
