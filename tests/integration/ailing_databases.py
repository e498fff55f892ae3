"""What can be wrong with the PostgreSQL of a Kolibri that has worked on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import psycopg2

from devtools.relay import Relay
from kolibri_azure_plugin.notifications import outbox

from .faulty_databases import require_role
from .patient import Patient

#: A role that the database belonged to before.
FORMER = "former"

SOON = "now() + interval '1 minute'"


@contextlib.contextmanager
def certificate_that_ends_soon(patient: Patient) -> Iterator[None]:
    hosts = ["localhost", "127.0.0.1"]
    patient.postgres.use_certificate(patient.authority.issue("postgres", hosts, days=5))
    try:
        yield
    finally:
        patient.postgres.use_certificate(patient.authority.issue("postgres", hosts))


@contextlib.contextmanager
def pooler_that_ends_tls(patient: Patient) -> Iterator[None]:
    certificate = patient.authority.issue("pooler", ["localhost"])
    line = "hostnossl all all 127.0.0.1/32 scram-sha-256"
    with Relay(patient.postgres.port, certificate=certificate) as relay, patient.let_in(line):
        patient.use_port(relay.port)
        yield


@contextlib.contextmanager
def far_server(patient: Patient) -> Iterator[None]:
    with Relay(patient.postgres.port, delay=0.015) as relay:
        patient.use_port(relay.port)
        yield


@contextlib.contextmanager
def empty_one_of_azure(patient: Patient) -> Iterator[None]:
    require_role(patient.postgres, "azuresu", "SUPERUSER")
    patient.new_database("OWNER azuresu")
    yield


@contextlib.contextmanager
def empty_one_of_another_role(patient: Patient) -> Iterator[None]:
    require_role(patient.postgres, FORMER)
    patient.new_database(f"OWNER {FORMER}")
    yield


@contextlib.contextmanager
def one_of_another_role(patient: Patient) -> Iterator[None]:
    """Kolibri has been let into the schema."""
    require_role(patient.postgres, FORMER)
    patient.run_sql(f"ALTER DATABASE {patient.deployment.database} OWNER TO {FORMER}")
    patient.run_sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {patient.deployment.user}")
    yield


@contextlib.contextmanager
def tables_of_another_role(patient: Patient) -> Iterator[None]:
    require_role(patient.postgres, FORMER)
    for (table,) in patient.run_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        patient.run_sql(f"ALTER TABLE {table} OWNER TO {FORMER}")
    yield


@contextlib.contextmanager
def no_temporary_tables(patient: Patient) -> Iterator[None]:
    name, user = patient.deployment.database, patient.deployment.user
    patient.run_sql(f"REVOKE TEMPORARY ON DATABASE {name} FROM public, {user}")
    yield


@contextlib.contextmanager
def wrong_encoding(patient: Patient) -> Iterator[None]:
    patient.new_database(
        f"ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' OWNER {patient.deployment.user}"
    )
    yield


@contextlib.contextmanager
def empty_database(patient: Patient) -> Iterator[None]:
    patient.new_database(f"OWNER {patient.deployment.user}")
    yield


@contextlib.contextmanager
def newer_database(patient: Patient) -> Iterator[None]:
    patient.run_sql(
        "INSERT INTO kolibri_azure_state (key, value) VALUES ('kolibri_version', '\"99.0.0\"')"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    )
    yield


@contextlib.contextmanager
def clock_of_the_server_is_ahead(patient: Patient) -> Iterator[None]:
    """For this database, the server tells a time an hour from now."""
    patient.run_sql("CREATE SCHEMA tampered AUTHORIZATION " + patient.deployment.user)
    patient.run_sql(
        "CREATE FUNCTION tampered.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        "'SELECT pg_catalog.clock_timestamp() + interval ''1 hour'''"
    )
    patient.run_sql(
        f"ALTER DATABASE {patient.deployment.database}"
        " SET search_path = tampered, pg_catalog, public"
    )
    yield


@contextlib.contextmanager
def open_transaction(patient: Patient) -> Iterator[None]:
    connection = psycopg2.connect(patient.deployment.database_url)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        time.sleep(1)  # The doctor counts whole seconds.
        yield


@contextlib.contextmanager
def two_instances_at_work(patient: Patient) -> Iterator[None]:
    line = "hostssl all all 127.0.0.0/8 scram-sha-256"
    connections = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(patient.let_in(line))
        for source in ("127.0.0.2", "127.0.0.3"):
            relay = stack.enter_context(Relay(patient.postgres.port, source=source))
            url = patient.deployment.database_url.replace(
                f":{patient.postgres.port}/", f":{relay.port}/"
            )
            connection = psycopg2.connect(url, application_name="kolibri")
            connections.append(stack.enter_context(contextlib.closing(connection)))
        yield


def notification(due: str) -> Any:
    """A notification for coaches that is due then, as SQL has it."""

    @contextlib.contextmanager
    def plant(patient: Patient) -> Iterator[None]:
        patient.run_sql(outbox.CREATE)
        patient.run_sql(
            "INSERT INTO kolibri_azure_notifications (lane, function, arguments, due, attempts)"
            f" VALUES ('learner', 'parse_summarylog', '{{}}', {due}, 6)"
        )
        patient.run_sql(f"ALTER TABLE {outbox.TABLE} OWNER TO {patient.deployment.user}")
        try:
            yield
        finally:
            patient.run_sql(f"DROP TABLE {outbox.TABLE}")

    return plant


@contextlib.contextmanager
def jobs(patient: Patient, **planned: str) -> Iterator[None]:
    """With these jobs alone, made a day ago, and planned for then."""
    patient.run_sql("CREATE TABLE other_jobs AS SELECT * FROM jobs")
    patient.run_sql("DELETE FROM jobs")
    for name, when in planned.items():
        patient.run_sql(
            "INSERT INTO jobs (id, state, func, priority, queue, saved_job, interval,"
            " time_created, scheduled_time) VALUES"
            f" ('{name}', 'QUEUED', 'a.function', 5, 'a_queue', '{{}}', 600,"
            f" now() - interval '1 day', {when})"
        )
    try:
        yield
    finally:
        patient.run_sql("DELETE FROM jobs")
        patient.run_sql("INSERT INTO jobs SELECT * FROM other_jobs")
        patient.run_sql("DROP TABLE other_jobs")


def housekeeping_on_time(patient: Patient) -> Any:
    return jobs(patient, azure_remove_often=SOON, azure_clean_up=SOON)


def late_housekeeping(patient: Patient) -> Any:
    when = "now() - interval '100 minutes'"
    return jobs(patient, azure_remove_often=when, azure_clean_up=SOON)


def no_workers(patient: Patient) -> Any:
    return jobs(patient, an_import="now() - interval '1 day'")
