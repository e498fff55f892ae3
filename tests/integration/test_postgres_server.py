"""The tool that starts PostgreSQL for tests and demo, on real servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from devtools.certificates import CertificateAuthority
from devtools.deadline import wait_until
from devtools.postgres import MissingPostgresError, PostgresServer, find_installation, installation
from devtools.postgres.account import Account
from devtools.postgres.leftovers import remove_leftovers, try_lock
from devtools.state import state_folder

ROOT = os.getuid() == 0
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
def folder() -> Iterator[Path]:
    """A folder that the servers' account can reach, unlike pytest's own when root runs it."""
    with tempfile.TemporaryDirectory(prefix="test-", dir=state_folder()) as name:
        Path(name).chmod(0o755)
        yield Path(name)


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


def test_a_server_whose_owner_was_killed_is_taken_over(
    folder: Path, authority: CertificateAuthority
) -> None:
    orphan = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(folder / "state"), str(authority.folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert orphan.stdout is not None
    assert orphan.stdout.readline() == "started\n"
    with pytest.raises(PermissionError, match="in use by another process"):
        PostgresServer.create(folder / "state", authority)
    orphan.send_signal(signal.SIGKILL)
    orphan.communicate()
    left_behind = int((folder / "state" / "data" / "postmaster.pid").read_text().split()[0])

    with PostgresServer.create(folder / "state", authority) as server:
        assert server.execute("SELECT 1") == [(1,)]

    wait_until(lambda: not Path(f"/proc/{left_behind}/cmdline").exists(), "it to be gone", 10)


START_AND_WAIT = """
import sys, time
from pathlib import Path
from devtools.certificates import CertificateAuthority
from devtools.postgres import PostgresServer
server = PostgresServer.create(Path(sys.argv[1]), CertificateAuthority.create(Path(sys.argv[2])))
server.start()
print("started", flush=True)
time.sleep(600)
"""


def test_abandoned_temporary_servers_are_removed(
    folder: Path, authority: CertificateAuthority
) -> None:
    abandoned, held, new = (folder / f"postgres-{name}" for name in ("abandoned", "held", "new"))
    server = PostgresServer.create(abandoned, authority)
    server.start()
    pid = int((abandoned / "data" / "postmaster.pid").read_text().split()[0])
    server.abandon()
    held.mkdir()
    new.mkdir()
    for old in (abandoned, held):
        os.utime(old, (0, 0))

    with try_lock(held):
        remove_leftovers(folder, "postgres-*")

    assert sorted(path.name for path in folder.glob("postgres-*")) == [
        "postgres-held",
        "postgres-new",
    ]
    assert server.running is False
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_pid_file_that_now_names_another_process_is_no_obstacle(
    folder: Path, authority: CertificateAuthority
) -> None:
    server = PostgresServer.create(folder / "state", authority)
    server.start()
    server.kill()
    pid_file = folder / "state" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.start()
    server.stop()
    # PostgreSQL mistakes any process of its own account for a server that still runs.
    bystander = Account.for_servers().start(["sleep", "600"], subprocess.DEVNULL)
    pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")

    with server:
        assert server.execute("SELECT 1") == [(1,)]

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


@pytest.mark.skipif(not ROOT, reason="only root has the server run as another account")
def test_a_folder_that_the_servers_account_cannot_enter_is_named(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(PermissionError, match=f"can't enter {closed}"):
        PostgresServer.create(closed / "state", authority)


@pytest.fixture
def bare_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose only PostgreSQL programs are those in this folder of the PATH."""
    find_installation.cache_clear()
    monkeypatch.setattr(os, "get_exec_path", lambda: [str(folder)])
    monkeypatch.setattr(installation, "FOLDERS_OF_SYSTEMS", ())
    monkeypatch.setattr(installation, "PACKAGES", ())
    yield folder
    find_installation.cache_clear()


@pytest.mark.usefixtures("bare_machine")
def test_an_error_names_the_package_where_postgresql_is_missing() -> None:
    with pytest.raises(MissingPostgresError, match="apt-get install postgresql-16"):
        find_installation("16")


def test_a_postgresql_built_without_tls_is_passed_over(bare_machine: Path) -> None:
    for name in ("postgres", "initdb"):
        program = bare_machine / name
        program.write_text(
            "#!/bin/sh\n"
            'case "$1" in --version) echo "postgres (PostgreSQL) 16.4" ;;\n'
            '*) printf "ssl_ciphers\\tSIGHUP\\tGroup\\tSTRING\\tnone\\t\\t\\tText\\t\\n" ;; esac\n'
        )
        program.chmod(0o755)

    with pytest.raises(MissingPostgresError, match="was built without TLS"):
        find_installation()


def test_a_folder_of_the_path_that_may_not_be_read_is_passed_over(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o600)
    path = os.pathsep.join([str(closed / "bin"), os.environ["PATH"]])
    find = "from devtools.postgres import find_installation; print(find_installation().folder)"

    # Root reads every folder, if it has the capabilities.
    bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if ROOT else []
    found = subprocess.run(
        [*bound, sys.executable, "-c", find],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.stdout.strip() == str(find_installation().folder), found.stderr
