"""A container whose database is restored answers 503 meanwhile, and is ready again by itself."""

from __future__ import annotations

import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.kolibri_client import KolibriClient
from devtools.process import BackgroundProcess
from tests.integration.backing_up import Backups
from tests.integration.restoring import restore_held_up

from .running import RECOVERY_SECONDS

pytestmark = pytest.mark.slow

WORKS = "This instance runs the background workers now"
STARTED_AGAIN = "app has ended with code 0, and is started again."


@pytest.fixture
def backups(provisioned, tmp_path):
    return Backups.of(provisioned)


def answers(container, path="/api/public/info/"):
    return requests.get(f"{container.url}{path}", timeout=30).status_code


def test_a_container_goes_on_with_the_restored_database(backups, start, postgres, counts):
    container = start()
    container.wait_until_ready()
    container.wait_until(lambda: WORKS in container.output, "the workers", RECOVERY_SECONDS)
    dump = backups.create()
    learner = KolibriClient(container.url)
    learner.sign_in(LEARNER, LEARNER_PASSWORD)
    restore = BackgroundProcess(
        backups.command("restore", dump.name, "--replace"),
        environment=backups.deployment.environment,
        folder=backups.folder,
        log_file=backups.deployment.home.parent / "restore.log",
    )
    seen = set()
    with restore_held_up(restore, postgres, backups.deployment.database):
        for path in ("/api/public/info/", "/en/auth/", "/azure/health/ready"):
            wait_until(lambda at=path: answers(container, at) == 503, path, RECOVERY_SECONDS)
        assert answers(container, "/azure/health/live") == 200
    assert restore.wait_for_exit(RECOVERY_SECONDS) == 0, restore.output

    def ready():
        seen.add(answers(container))
        return STARTED_AGAIN in container.output and container.is_ready()

    container.wait_until(ready, "the container to be ready again", RECOVERY_SECONDS)
    counts(f"statuses from the restore until the container was ready: {sorted(seen)}")
    assert seen <= {200, 503}
    KolibriClient(container.url).sign_in(LEARNER, LEARNER_PASSWORD)
    # The workers started again, too.
    container.wait_until(lambda: container.output.count(WORKS) > 1, "the workers", RECOVERY_SECONDS)


def test_a_container_in_mode_restore_restores_once_and_starts(backups, start, postgres):
    dump = backups.create()
    database = backups.deployment.database
    postgres.execute("DELETE FROM kolibriauth_membership", database=database)
    newer = "UPDATE kolibri_azure_state SET value = '\"0.21.3\"' WHERE key = 'kolibri_version'"
    postgres.execute(newer, database=database)

    container = start(f"restore {dump.name}")

    container.wait_until_ready()
    assert f"from {dump.stem}" in container.output
    KolibriClient(container.url).sign_in(LEARNER, LEARNER_PASSWORD)
    container.stop()
    again = start(f"restore {dump.name}")
    again.wait_until_ready()
    assert "already" in again.output


def test_a_container_in_mode_restore_does_not_start_without_its_backup(backups, start):
    container = start("restore nothing.dump")
    assert container.wait_for_exit(RECOVERY_SECONDS) == 78
    assert "There is no such backup." in container.output
