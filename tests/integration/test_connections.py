"""A reopened connection works like the first, and work that lost its connection is retried."""

from __future__ import annotations

from devtools.deadline import wait_until
from tests.integration.jobs import Jobs
from tests.integration.workers import start_worker

#: Opens a connection, closes it, and opens it again when it has been idle for long.
AGAIN = """
from django.db import connections, transaction
from kolibri_azure_plugin.database.postgresql import base

WRITE = "INSERT INTO kolibri_azure_state (key, value) VALUES (%s, '1')"
base.IDLE = 0.0
for alias in ("default", "default-serializable"):
    connection = connections[alias]
    connection.ensure_connection()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [alias])
    print("autocommit", connection.connection.autocommit)
    connection.close()
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(WRITE, [alias + "2"])
"""

ALIASES = {"default", "default-serializable"}

#: Makes a job fail at its start, and every attempt to queue it again.
REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'refused by the test'; END
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW
        WHEN (NEW.state IN ('RUNNING', 'QUEUED')) EXECUTE FUNCTION refuse();
"""
AGREE = "DROP TRIGGER refuse ON jobs; DROP FUNCTION refuse"


def test_a_write_after_a_pause_succeeds(provisioned, postgres):
    said = provisioned.require("manage", "shell", "-c", AGAIN)

    assert said.count("autocommit True") == len(ALIASES)
    rows = postgres.execute("SELECT key FROM kolibri_azure_state", database=provisioned.database)
    assert {alias + end for alias in ALIASES for end in ("", "2")} <= {row[0] for row in rows}


def test_a_job_that_the_database_refused_is_done_when_it_agrees_again(ready_fleet, processes):
    jobs = Jobs(ready_fleet)
    jobs.add(1, 0.1)
    ready_fleet.postgres.execute(REFUSE, database=ready_fleet.database)
    worker = start_worker(ready_fleet, "worker")
    processes.append(worker)
    refusal = "goes on when that is back: refused by the test"
    wait_until(lambda: refusal in worker.output, "a refusal", 60)
    # The first failure does not end the attempts.
    wait_until(lambda: worker.output.count("Got an exception running") > 1, "two tries", 30)

    ready_fleet.postgres.execute(AGREE, database=ready_fleet.database)

    wait_until(lambda: jobs.states() == {1: "COMPLETED"}, "the job", 30)
