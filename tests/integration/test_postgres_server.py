"""The tool that starts PostgreSQL for tests and demo, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from devtools.certificates import CertificateAuthority
from devtools.postgres import PostgresServer

PASSWORD = "p@ss/w:r#d%41?&=+ é"


@pytest.fixture(scope="module", params=[None, "17"], ids=["newest-found", "17"])
def shared(
    request: pytest.FixtureRequest, authority: CertificateAuthority
) -> Iterator[PostgresServer]:
    with PostgresServer.temporary(authority, version=request.param) as server:
        server.create_role("kolibri", PASSWORD)
        server.create_database("kolibri", owner="kolibri")
        yield server


@pytest.fixture
def server(shared: PostgresServer, authority: CertificateAuthority) -> PostgresServer:
    """The module's server in the state after its first start, whatever the last test did."""
    shared.use_certificate(authority.issue("postgres", ["localhost", "127.0.0.1"]))
    shared.configure(ssl="on", max_connections=100)
    shared.restart()
    return shared


@pytest.fixture
def connect(server: PostgresServer, authority: CertificateAuthority) -> Iterator[Connect]:
    connect = Connect(server, authority)
    yield connect
    connect.close()


class Connect:
    """Connect as the role, verifying the server in full by default."""

    def __init__(self, server: PostgresServer, authority: CertificateAuthority) -> None:
        self.server = server
        self.authority = authority
        self.opened: list[psycopg2.extensions.connection] = []

    def __call__(
        self, database: str = "kolibri", **parameters: str
    ) -> psycopg2.extensions.connection:
        wanted = {"sslmode": "verify-full", "sslrootcert": str(self.authority.certificate_file)}
        url = self.server.url(database, "kolibri", PASSWORD, **{**wanted, **parameters})
        self.opened.append(psycopg2.connect(url))
        return self.opened[-1]

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


def answer(connection: psycopg2.extensions.connection, question: str) -> object:
    with connection, connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
        return row[0] if row else None


def test_a_role_gets_in_over_verified_tls_with_a_password_of_any_characters(
    server: PostgresServer, connect: Connect
) -> None:
    connection = connect()

    assert answer(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True
    assert [(found.user, found.tls) for found in server.connections("kolibri")] == [
        ("kolibri", True)
    ]


def test_a_connection_without_tls_is_refused(connect: Connect) -> None:
    with pytest.raises(psycopg2.OperationalError, match="no encryption"):
        connect(sslmode="disable")


def test_a_wrong_password_is_refused(server: PostgresServer, connect: Connect) -> None:
    server.set_password("kolibri", "another")
    try:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            connect()
    finally:
        server.set_password("kolibri", PASSWORD)


def test_a_certificate_of_another_authority_does_not_pass_verification(
    server: PostgresServer, connect: Connect, tmp_path: Path
) -> None:
    other = CertificateAuthority.create(tmp_path / "other")
    server.use_certificate(other.issue("postgres", ["localhost"]))
    server.restart()

    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        connect()
    connect(sslrootcert=str(other.certificate_file))


def test_tls_can_be_taken_away(server: PostgresServer, connect: Connect) -> None:
    server.set_tls(offered=False)
    server.restart()

    with pytest.raises(psycopg2.OperationalError, match="server does not support SSL"):
        connect(sslmode="require")


def test_a_held_server_says_that_it_is_starting_up_until_it_is_released(
    server: PostgresServer, connect: Connect
) -> None:
    server.start_held_in_recovery()
    for _ in range(2):
        with pytest.raises(psycopg2.OperationalError, match="the database system is starting up"):
            connect()

    server.release()

    assert answer(connect(), "SELECT pg_is_in_recovery()") is False


def test_a_held_server_can_be_stopped_and_started_as_usual(
    server: PostgresServer, connect: Connect
) -> None:
    server.start_held_in_recovery()
    server.stop()
    server.start()

    assert answer(connect(), "SELECT 1") == 1


def test_data_and_port_outlive_a_restart_and_a_kill(
    server: PostgresServer, connect: Connect
) -> None:
    answer(connect(), "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS value; SELECT 1")
    before = server.port

    server.restart()
    server.kill()
    server.start()

    assert server.port == before
    assert answer(connect(), "SELECT value FROM kept") == 42


def test_a_limit_on_connections_holds(server: PostgresServer, connect: Connect) -> None:
    server.configure(max_connections=5, superuser_reserved_connections=1)
    server.restart()
    try:
        for _ in range(4):
            connect()
        with pytest.raises(psycopg2.OperationalError, match=r"connection slots"):
            connect()
    finally:
        server.configure(superuser_reserved_connections=3)


def test_a_cloned_database_has_the_data_of_its_template(
    server: PostgresServer, connect: Connect
) -> None:
    server.create_database("template", owner="kolibri")
    answer(connect("template"), "CREATE TABLE resource AS SELECT 'Counting' AS title; SELECT 1")

    server.clone_database("template", "clone", owner="kolibri")

    assert answer(connect("clone"), "SELECT title FROM resource") == "Counting"
    server.drop_database("clone")
    server.drop_database("template")


def test_cut_connections_are_noticed_by_the_client(
    server: PostgresServer, connect: Connect
) -> None:
    connection = connect()

    assert server.terminate_connections("kolibri") == 1

    with pytest.raises(psycopg2.OperationalError):
        connection.cursor().execute("SELECT 1")
    assert server.connections("kolibri") == []
