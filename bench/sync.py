"""Measures the longest request of a sync with many records.

    python -m bench.sync [--records N] [--learners N]

A school with stock Kolibri on SQLite joins a facility in a cloud of two instances, creates the
records and pushes them. Then the cloud creates as many, and the school pulls them. Prints the
longest request of each sync. The exit code is 1 if one took longer than LIMIT_SECONDS, or if a
record is missing at one end. 200,000 records take about an hour, most of it spent by the school.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from devtools.certificates import CertificateAuthority
from devtools.fleet import Fleet
from devtools.postgres import PostgresServer
from devtools.syncing.cloud import Cloud
from devtools.syncing.school import School, run_steps, step

RECORDS, LEARNERS = 200_000, 200

#: Ten times a school's chunk size, for a tenth of the time; each request is longer for it.
PIECE = 2000

#: App Service ends a request after 230 s of silence, and its machines are slower than this one.
LIMIT_SECONDS = 60

FACILITY, ADMIN, PASSWORD = "Cloud", "admin", "a-password-of-an-administrator"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--learners", type=int, default=LEARNERS)
    asked = parser.parse_args()
    with cloud_with_a_facility() as (cloud, folder):
        facility = cloud.records().facilities()[FACILITY]
        school = School(folder / "school")
        credentials = {"username": ADMIN, "password": PASSWORD, "no_push": True}
        run_steps(school, sync_step(cloud, facility, **credentials))
        some = (facility, "s", asked.records, asked.learners)
        run_steps(school, step("make_records", *some))
        pushed = measure("push", cloud, school, sync_step(cloud, facility, no_pull=True))
        some = (facility, "c", asked.records, asked.learners)
        run_steps(cloud.shell, step("make_records", *some))
        pulled = measure("pull", cloud, school, sync_step(cloud, facility, no_push=True))
        there, here = cloud.records().of_facility(facility), school.records().of_facility(facility)
        print(f"the cloud has  {there}\nthe school has {here}")
    return int(there != here or max(pushed, pulled) > LIMIT_SECONDS)


def sync_step(cloud: Cloud, facility: str, **options: object) -> str:
    """Return a step for `run_steps` that syncs with the cloud."""
    return step("sync", cloud.url, facility, chunk_size=PIECE, **options)


@contextlib.contextmanager
def cloud_with_a_facility() -> Iterator[tuple[Cloud, Path]]:
    """Yield two instances with a facility and its administrator, and a folder for schools."""
    with tempfile.TemporaryDirectory(prefix="kolibri-azure-sync-") as name:
        folder = Path(name)
        authority = CertificateAuthority.create(folder / "authority")
        with PostgresServer.temporary(authority) as postgres:
            fleet = Fleet(folder, postgres, authority, "kolibri")
            postgres.create_role(fleet.user, fleet.password)
            postgres.create_database(fleet.database, owner=fleet.user)
            cloud = Cloud(fleet)
            cloud.shell.provision(
                username=ADMIN, password=PASSWORD, facility=FACILITY, preset="nonformal"
            )
            with cloud:
                yield cloud, folder


def measure(what: str, cloud: Cloud, school: School, sync: str) -> float:
    """Sync and print a summary; return the seconds of the longest request."""
    cloud.front.forget()
    began = time.monotonic()
    run_steps(school, sync)
    seconds = time.monotonic() - began
    exchanges = cloud.front.exchanges
    waited = [f"{stage} {status}" for stage, status in cloud.front.stages()]
    print(
        f"{what}: {len(exchanges)} requests in {seconds / 60:.1f} min; "
        f"stages when asked for: {', '.join(waited)}"
    )
    for exchange in sorted(exchanges, key=lambda each: each.seconds, reverse=True)[:3]:
        print(f"  longest: {exchange}")
    print(f"  the workers used up to {cloud.worker_instance().workers_megabytes()} MB of memory")
    return cloud.front.longest().seconds


if __name__ == "__main__":
    sys.exit(main())
