"""Verifications of good backups on a server in trouble."""

from __future__ import annotations

import hashlib

import pytest

from devtools.deadline import wait_until
from devtools.process import BackgroundProcess

from .backing_up import Backups, rewrite

pytestmark = pytest.mark.slow

SOON = 180

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
