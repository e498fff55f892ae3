"""Verifications of good backups on a server in trouble, and what killed ones leave."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal

import psycopg2
import pytest

from devtools.deadline import wait_until
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.database.lock_keys import lock_key
from kolibri_azure_plugin.facility_data.backups.verifying import LOCK_NAME

from .backing_up import Backups, rewrite

pytestmark = pytest.mark.slow

SOON = 180

SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE '%\\_verify\\_%'"

HOUSEKEEPING = """
from kolibri_azure_plugin.housekeeping import rounds
rounds.clean([each for each in rounds.EVERYTHING if "verifications" in each[0]])
"""

#: Ends the session in which psql restores a backup into the scratch database.
END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE starts_with(application_name, 'kolibri verification')
"""

#: As a restart of the server does, which ends the session that created the scratch database, too.
END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE starts_with(application_name, 'kolibri')
      AND EXISTS (SELECT FROM pg_stat_activity
                  WHERE starts_with(application_name, 'kolibri verification'))
"""


@pytest.fixture
def backups(provisioned, postgres, role):
    """A deployment with a facility, and a folder for backups."""
    postgres.execute(f"ALTER ROLE {role} CREATEDB")
    provisioned.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    return Backups.of(provisioned)


@pytest.mark.parametrize("statement", [END, END_ALL], ids=["one session", "all sessions"])
def test_a_server_in_trouble_says_nothing_against_a_backup(statement, backups, postgres):
    dump = backups.create()
    with verifying(backups, dump) as process:
        wait_until(lambda: postgres.execute(statement), "the restore to begin", SOON)
        assert process.wait_for_exit(SOON) == 1
    assert "damaged" not in process.output
    assert f"The backup {dump.name} could not be tried out." in process.output
    assert "terminating connection due to administrator command" in process.output
    assert "#backup-not-tried" in process.output
    assert f"kolibri manage azure_backup verify {dump}" in process.output

    backups.require("verify", dump.name)


def verifying(backups, dump):
    return BackgroundProcess(
        backups.command("verify", dump.name),
        environment=backups.deployment.environment,
        folder=backups.folder,
        log_file=backups.deployment.home.parent / "command.log",
    )


def test_a_file_that_pg_restore_can_not_read_is_damaged_even_if_its_checksum_is_right(backups):
    dump = backups.create()
    whole = dump.read_bytes()
    # The table of contents stays, and the rows of the last tables are missing.
    cut = whole[: len(whole) * 3 // 4]
    dump.write_bytes(cut)
    rewrite(dump, file_bytes=len(cut), sha256=hashlib.sha256(cut).hexdigest())

    refused = backups.run("verify", dump.name)

    assert "it can't be restored: pg_restore: error" in refused.stderr
    assert "#backup-damaged" in refused.stderr


def test_housekeeping_removes_the_copy_that_a_killed_verification_left(backups, postgres):
    dump = backups.create()
    with verifying(backups, dump) as process:
        [(left,)] = wait_until(lambda: postgres.execute(SCRATCH), "the scratch database", SOON)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait_for_exit(SOON)
    # Another verification may use it.
    with contextlib.closing(psycopg2.connect(backups.deployment.database_url)) as session:
        with session.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (lock_key(LOCK_NAME),))
        clean(backups)
        assert postgres.execute(SCRATCH) == [(left,)]

    clean(backups)

    assert postgres.execute(SCRATCH) == []


def clean(backups):
    backups.deployment.require("manage", "--skip-update", "shell", "-c", HOUSEKEEPING)
