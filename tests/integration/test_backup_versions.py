"""Backups between versions of PostgreSQL and of its programs, with a password or a token."""

from __future__ import annotations

import contextlib
import os

import pytest

from devtools.deployment import DATABASE_PASSWORD as PASSWORD
from devtools.deployment import Deployment
from devtools.postgres import MissingPostgresError, PostgresServer, find_installation
from devtools.radius import RadiusServer
from tests.long_forms import each_or

from .backing_up import Backups, manifest

pytestmark = pytest.mark.slow

RESOURCE = "https://ossrdbms-aad.database.windows.net"
IDENTITY = "id-kolibri-backup"

#: The programs of the image, on Debian trixie.
CLIENT = "17"

SERVERS = ("15", "16", "17")


@pytest.fixture(scope="module")
def servers(authority, mounts):
    """A server of each version that can be fetched here, with an empty database."""
    with contextlib.ExitStack() as stack:
        made = {}
        for version in SERVERS:
            try:
                server = stack.enter_context(PostgresServer.temporary(authority, version=version))
            except MissingPostgresError as error:
                pytest.skip(str(error))
            server.create_role("kolibri", PASSWORD)
            server.execute("ALTER ROLE kolibri CREATEDB")
            made[version] = server
        yield made


@pytest.fixture
def on(servers, tmp_path, azure, authority):
    """Backups of a deployment on one of the servers, with programs of one version."""
    databases = []

    def make(server, client):
        name = f"kolibri_{server}_{len(databases)}"
        servers[server].create_database(name, owner="kolibri")
        databases.append((servers[server], name))
        folder = tmp_path / name
        folder.mkdir()
        deployment = Deployment.create(
            folder, azure, servers[server], authority,
            database=name, user="kolibri", password=PASSWORD,
        )  # fmt: skip
        del deployment.environment["KOLIBRI_AZURE_KEY_VAULT_URL"]
        deployment.environment.update(
            KOLIBRI_DATABASE_URL=deployment.database_url,
            KOLIBRI_SECRET_KEY="a-secret-key-that-no-one-guesses-0123456789",
            KOLIBRI_SUPERUSER_PASSWORD="admin-password",
        )
        return use_client(Backups.of(deployment), client)

    yield make
    for server, name in databases:
        server.drop_database(name)


def use_client(backups, major):
    """Let the command find the programs of this version, too."""
    folder = find_installation(major).folder
    path = (str(folder), backups.deployment.environment["PATH"])
    backups.deployment.environment["PATH"] = os.pathsep.join(path)
    return backups


@pytest.fixture(scope="module")
def earlier():
    """The backups of the tests before, which spare a server its own migrations."""
    return []


@pytest.mark.parametrize("source", each_or(SERVERS, SERVERS[-1]))
def test_a_backup_of_each_server_fits_each_server(source, on, earlier):
    made = on(source, CLIENT)
    if earlier:
        made.require("restore", str(earlier[0]))
    else:
        made.deployment.provision()
    dump = made.create()
    earlier.append(dump)
    found = manifest(dump)
    assert found["server"].startswith(f"{source}.")
    assert found["client"].startswith(f"{CLIENT}.")
    made.require("verify", str(dump))
    made.require("restore", str(dump), "--replace")
    for target in SERVERS:
        other = on(target, CLIENT)
        other.require("restore", str(dump))
        other.require("verify", str(dump))
        checked = other.deployment.run("manage", "migrate", "--check")
        assert checked.returncode == 0, checked.stderr


def test_programs_older_than_the_server_are_refused_with_what_to_install(servers, on):
    backups = on("17", CLIENT)
    # Without the newer programs, this machine has those of its own server.
    folder = str(find_installation(CLIENT).folder)
    path = backups.deployment.environment["PATH"].split(os.pathsep)
    backups.deployment.environment["PATH"] = os.pathsep.join(p for p in path if p != folder)
    refused = backups.run("create")
    assert refused.returncode == 1
    assert "PostgreSQL's programs are too old for the server." in refused.stderr
    assert "apt-get install postgresql-client-17" in refused.stderr
    assert "#backup-client" in refused.stderr


@pytest.fixture
def entra(azure, postgres, role, deployed, migrated_template, tmp_path):
    """A deployment whose identity signs in with a token, as a member of the owner's role."""

    def judge(user, password):
        return user == IDENTITY and bool(azure.tokens.check(password, RESOURCE))

    if not postgres.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (IDENTITY,)):
        postgres.create_role(IDENTITY)
    postgres.execute(f'ALTER ROLE "{IDENTITY}" CREATEDB')
    postgres.execute(f'GRANT {role} TO "{IDENTITY}"')
    account = {"user": IDENTITY, "password": "x"}
    with (
        RadiusServer(judge) as radius,
        deployed(tmp_path, azure, migrated_template, **account) as deployment,
    ):
        postgres.use_radius(IDENTITY, port=radius.port, secret=radius.secret)
        deployment.environment["KOLIBRI_AZURE_DATABASE_AUTH"] = "entra"
        where = deployment.database_url.rpartition("@")[2]
        azure.set_secret("kolibri-database-url", f"postgresql://{IDENTITY}@{where}")
        yield Backups.of(deployment)


def test_with_a_token_of_the_identity_everything_works_and_no_token_is_shown(entra, azure):
    dump = entra.create()
    output = entra.require("verify", dump.name)
    output += entra.require("restore", dump.name, "--replace")
    for token in azure.tokens.issued():
        assert token.value not in output
    assert "Restored" in output
