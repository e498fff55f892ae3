"""One instance makes a backup at night, verifies it, and removes the oldest ones."""

from __future__ import annotations

import pytest

from devtools.deadline import wait_until

from .backing_up import FOLDER
from .planted_backups import plant
from .workers import start_worker

pytestmark = pytest.mark.slow

KEEP = "KOLIBRI_AZURE_BACKUP_KEEP"
SOON = 180

#: Makes a job that waits due at once. At their first start, workers leave it for a minute.
DUE = "UPDATE jobs SET scheduled_time = now() WHERE id = 'azure_back_up'"


@pytest.fixture
def folder(ready_fleet, postgres, role):
    """The folder for backups of a deployment that keeps two of them."""
    postgres.execute(f"ALTER ROLE {role} CREATEDB")
    folder = ready_fleet.folder / "backups"
    folder.mkdir()
    ready_fleet.settings.update({FOLDER: str(folder), KEEP: "2"})
    return folder


def run_the_job(fleet, processes):
    """Start workers on two instances, and wait until one has run the job."""
    workers = [start_worker(fleet, name) for name in ("first", "second")]
    processes += workers

    def due():
        rows = fleet.postgres.execute(f"{DUE} RETURNING id", database=fleet.database)
        return bool(rows)

    wait_until(due, "the job to be scheduled", SOON)
    return workers


def test_a_night_makes_one_verified_backup_and_removes_the_oldest(ready_fleet, folder, processes):
    planted = [plant(folder, hours=hours) for hours in (90, 60, 30)]

    workers = run_the_job(ready_fleet, processes)

    def verified():
        return [path for path in folder.glob("*-nightly.verified.json") if path.stem[:24] not in
                {each.stem[:24] for each in planted}]  # fmt: skip

    (made,) = wait_until(verified, "a verified backup", SOON)
    dumps = sorted(path.name for path in folder.glob("*.dump"))
    assert dumps == sorted([planted[-1].name, made.name.replace(".verified.json", ".dump")])
    output = "".join(worker.output for worker in workers)
    wait_until(
        lambda: "Nightly backup: Verified" in "".join(worker.output for worker in workers),
        "the log line",
        SOON,
    )
    assert output.count("Traceback") == 0


def test_a_backup_that_fails_is_an_error_in_the_log_with_the_reason(
    ready_fleet, folder, processes, postgres, role
):
    postgres.execute(f"ALTER ROLE {role} NOCREATEDB")
    verified, _, unverified = (
        plant(folder, hours=hours, verified=hours == 90) for hours in (90, 60, 30)
    )
    workers = run_the_job(ready_fleet, processes)
    said = "the user may not create a database"
    wait_until(lambda: said in "".join(worker.output for worker in workers), "the reason", SOON)
    # It was made nevertheless, and the last one that can surely be restored is still there.
    left = sorted(path.name for path in folder.glob("*.dump"))
    assert left[:-1] == [verified.name, unverified.name]
    assert len(left) == 3
    failed = "SELECT state FROM jobs WHERE id = 'azure_back_up'"
    wait_until(
        lambda: (
            ready_fleet.postgres.execute(failed, database=ready_fleet.database) != [("RUNNING",)]
        ),
        "the job to end",
        SOON,
    )


def test_without_the_setting_there_are_no_nightly_backups(ready_fleet, folder, processes):
    ready_fleet.settings[KEEP] = "0"
    run_the_job(ready_fleet, processes)
    again = """SELECT 1 FROM jobs WHERE id = 'azure_back_up' AND state = 'QUEUED'
               AND scheduled_time > now() + interval '50 minutes'"""
    wait_until(
        lambda: ready_fleet.postgres.execute(again, database=ready_fleet.database),
        "the job to have run",
        SOON,
    )
    assert list(folder.iterdir()) == []
