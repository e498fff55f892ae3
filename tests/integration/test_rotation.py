"""A site keeps serving while its password is rotated and while PostgreSQL restarts."""

from __future__ import annotations

import re
import subprocess

import pytest
import requests

from devtools.deadline import wait_until
from devtools.descendants import children

from .conftest import PASSWORD
from .serving import THREADS, WORKERS, gunicorn, processes_of_sockets, steady_load

pytestmark = pytest.mark.slow

#: One for each thread of the server, so that each of its connections is in use.
LEARNERS = WORKERS * THREADS

ROTATIONS = 3
RESTARTS = 2

#: Requests that must succeed after each disturbance.
ENOUGH = 100

#: Django's report about a request whose connection was cut.
CUT = re.compile(
    r"terminating connection|server closed the connection|SSL connection has been closed"
    r"|SSL SYSCALL error|connection already closed|the connection is closed"
)


@pytest.fixture
def own_role(provisioned, postgres, azure):
    """A role only for this test, which may change its password."""
    name = f"rotated_{provisioned.database}"
    postgres.create_role(name, PASSWORD)
    postgres.execute(f'GRANT kolibri TO "{name}"')
    azure.set_secret("kolibri-database-url", postgres.url(provisioned.database, name, PASSWORD))
    return name


@pytest.fixture
def site(provisioned):
    with gunicorn(provisioned) as process:
        yield process


def all_processes(site):
    """gunicorn's processes; the first answers before the last has started."""
    return wait_until(
        lambda: len(children(site.pid)) == WORKERS and children(site.pid), "all processes", 20
    )


def rotate(postgres, azure, database, role, password):
    """Change the password as an administrator does: first in the vault, then on the server."""
    azure.set_secret("kolibri-database-url", postgres.url(database, role, password))
    postgres.set_password(role, password)


def wait_for_more(load):
    enough = load.succeeded + ENOUGH
    wait_until(lambda: load.succeeded > enough, f"{ENOUGH} more requests to succeed", 60)


def database_errors(site):
    """psycopg2's message in each logged traceback of the server."""
    return re.findall(r"psycopg2\.(?:\w+\.)?\w+Error: ([^\\\n]*)", site.output)


def assert_that_only_cut_requests_failed(site, load):
    """Each failed request has logged that its connection was cut."""
    errors = database_errors(site)
    assert [error for error in errors if not CUT.search(error)] == []
    assert len(errors) >= len(load.failures)


def secrets_read(azure):
    return [r for r in azure.requests if r.service == "vault" and r.status == 200]


@pytest.fixture
def report(counts, site):
    """Print the results of the requests, even if pytest captures output."""

    def say(what, load):
        counts(
            f"{what}: {load.succeeded} requests succeeded, {len(load.failures)} failed, "
            f"the slowest took {load.slowest:.2f} s {sorted(set(database_errors(site)))}"
        )

    return say


def test_a_rotated_password_needs_no_restart(own_role, provisioned, site, azure, postgres, report):
    processes = all_processes(site)
    azure.forget_requests()
    cut = 0
    with steady_load(site.url, LEARNERS) as load:
        for number in range(ROTATIONS):
            rotate(postgres, azure, provisioned.database, own_role, f"{PASSWORD} {number}")
            cut += postgres.terminate_connections(provisioned.database)
            wait_for_more(load)
    reads = secrets_read(azure)
    report(f"{ROTATIONS} rotations, {cut} connections cut, {len(reads)} secrets read", load)
    assert cut >= ROTATIONS
    assert len(load.failures) <= cut
    assert_that_only_cut_requests_failed(site, load)
    assert children(site.pid) == processes
    # Once for each process and rotation, not for each thread.
    assert ROTATIONS <= len(reads) <= WORKERS * ROTATIONS


def test_connections_that_are_cut_while_idle_cost_no_request(
    own_role, provisioned, site, azure, postgres, report
):
    with steady_load(site.url, LEARNERS) as load:
        wait_for_more(load)
    rotate(postgres, azure, provisioned.database, own_role, "another-password")
    assert postgres.terminate_connections(provisioned.database) > 1
    with steady_load(site.url, LEARNERS) as load:
        wait_for_more(load)
    report("All connections cut between two requests", load)
    assert load.failures == []


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_service_resumes_after_postgresql_restarts(mode, site, postgres, report):
    processes = all_processes(site)
    with steady_load(site.url, LEARNERS) as load:
        for _ in range(RESTARTS):
            wait_for_more(load)
            postgres.restart(mode)
        wait_for_more(load)
    report(f"{RESTARTS} restarts, {mode}", load)
    assert len(load.failures) <= RESTARTS * LEARNERS
    assert_that_only_cut_requests_failed(site, load)
    assert children(site.pid) == processes


def test_requests_without_a_database_are_answered_while_postgresql_is_down(site, postgres):
    with steady_load(site.url, LEARNERS) as load:
        wait_for_more(load)
    postgres.stop()
    try:
        # More than the threads, each of which now has a dead connection.
        answers = [requests.get(f"{site.url}/status/", timeout=60) for _ in range(2 * LEARNERS)]
    finally:
        postgres.start()
    assert [answer.status_code for answer in answers] == [200] * len(answers)


def test_no_two_processes_share_a_connection(site, postgres):
    with steady_load(site.url, LEARNERS) as load:
        wait_for_more(load)
    holders = list(processes_of_sockets(site.pid, postgres.port).values())
    assert len(holders) > WORKERS
    assert all(len(processes) == 1 for processes in holders)


@pytest.mark.parametrize("rotated", [False, True], ids=["cut", "cut and rotated"])
def test_channel_import_replaces_a_connection_that_was(
    rotated, own_role, provisioned, azure, postgres
):
    program = (
        "import sys, kolibri, django; django.setup();"
        "from kolibri.core.content.utils import sqlalchemybridge as bridge;"
        "engine = bridge.get_engine(bridge.get_default_db_string());"
        "ask = lambda: print(engine.execute('SELECT pg_backend_pid()').scalar(), flush=True);"
        "ask(); sys.stdin.readline(); ask()"
    )
    command = provisioned.command(provisioned.python, "-c", program)
    with subprocess.Popen(
        command,
        env=provisioned.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        first = next(line for line in process.stdout if line.strip().isdecimal())
        if rotated:
            rotate(postgres, azure, provisioned.database, own_role, "another-password")
        assert postgres.terminate_connections(provisioned.database) >= 1
        output, _ = process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    assert output.split()[-1].isdecimal()
    assert output.split()[-1] != first.strip()
