"""Faults of a PostgreSQL that Kolibri has already used."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Iterator
from typing import Any

import psycopg2

from devtools.tcp_proxy import TcpProxy
from kolibri_azure_plugin.content.first_content import problems, records
from kolibri_azure_plugin.facility_data.notifications import outbox
from kolibri_azure_plugin.housekeeping.periods import INTERVALS, REMOVE_OFTEN

from .faulty_databases import require_role
from .patient import Patient

#: The database's previous owner.
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
    with (
        TcpProxy(patient.postgres.port, certificate=certificate) as proxy,
        patient.allow_client(line),
    ):
        patient.use_port(proxy.port)
        yield


@contextlib.contextmanager
def far_server(patient: Patient) -> Iterator[None]:
    with TcpProxy(patient.postgres.port, delay=0.015) as proxy:
        patient.use_port(proxy.port)
        yield


@contextlib.contextmanager
def empty_azure_database(patient: Patient) -> Iterator[None]:
    require_role(patient.postgres, "azuresu", "SUPERUSER")
    patient.new_database("OWNER azuresu")
    yield


@contextlib.contextmanager
def empty_foreign_database(patient: Patient) -> Iterator[None]:
    require_role(patient.postgres, FORMER)
    patient.new_database(f"OWNER {FORMER}")
    yield


@contextlib.contextmanager
def foreign_database(patient: Patient) -> Iterator[None]:
    """Kolibri has been granted access to the schema."""
    require_role(patient.postgres, FORMER)
    patient.run_sql(f"ALTER DATABASE {patient.deployment.database} OWNER TO {FORMER}")
    patient.run_sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {patient.deployment.user}")
    yield


@contextlib.contextmanager
def foreign_tables(patient: Patient) -> Iterator[None]:
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
def server_clock_ahead(patient: Patient) -> Iterator[None]:
    """For this database, the server's clock is an hour ahead."""
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
def two_running_instances(patient: Patient) -> Iterator[None]:
    line = "hostssl all all 127.0.0.0/8 scram-sha-256"
    connections = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(patient.allow_client(line))
        for source in ("127.0.0.2", "127.0.0.3"):
            proxy = stack.enter_context(TcpProxy(patient.postgres.port, source=source))
            url = patient.deployment.database_url.replace(
                f":{patient.postgres.port}/", f":{proxy.port}/"
            )
            connection = psycopg2.connect(url, application_name="kolibri")
            connections.append(stack.enter_context(contextlib.closing(connection)))
        yield


def notification(due: str) -> Any:
    """Add a notification for coaches that is due at a time, given as SQL."""

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
    """Only these jobs exist, made a day ago and scheduled for then."""
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
    return jobs(patient, **dict.fromkeys(INTERVALS, SOON))


def late_housekeeping(patient: Patient) -> Any:
    when = "now() - interval '100 minutes'"
    return jobs(patient, **{**dict.fromkeys(INTERVALS, SOON), REMOVE_OFTEN: when})


def no_workers(patient: Patient) -> Any:
    return jobs(patient, an_import="now() - interval '1 day'")


#: What the first channels are called in their ailments.
TOKEN, NAME = "nakav-mafak", "First numbers"

FAILED = {
    "exception": problems.NO_ROOM,
    "traceback": "Traceback\nInsufficientStorageSpaceError: Import would completely fill the disk",
}


def _note_channels(patient: Patient, noted: records.Records) -> None:
    patient.deployment.environment["KOLIBRI_AZURE_CHANNELS"] = TOKEN
    text = json.dumps(dataclasses.asdict(noted)).replace("'", "''")
    patient.run_sql(
        f"INSERT INTO kolibri_azure_state (key, value) VALUES ('{records.KEY}', '{text}')"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    )


@contextlib.contextmanager
def unknown_channel(patient: Patient) -> Iterator[None]:
    error = problems.unknown(TOKEN, "https://studio.learningequality.org")
    key = TOKEN.replace("-", "")
    _note_channels(patient, records.Records(problems={key: problems.as_record(error)}))
    yield


@contextlib.contextmanager
def channel_without_room(patient: Patient) -> Iterator[None]:
    channel_id = "0123456789abcdef" * 2
    channel = records.Channel(NAME, TOKEN, 10**9, records.IMPORTING)
    named = {TOKEN.replace("-", ""): [channel_id]}
    _note_channels(patient, records.Records(named=named, channels={channel_id: channel}))
    job = json.dumps({"func": "kolibri.core.content.tasks.remoteimport", **FAILED})
    patient.run_sql(
        "INSERT INTO jobs (id, state, func, priority, queue, saved_job, interval, time_created,"
        f" scheduled_time) VALUES ('{records.job_of(channel_id)}', 'FAILED', 'a.function', 10,"
        f" 'content', '{job}', 0, now(), now())"
    )
    yield
