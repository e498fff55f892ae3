"""Measures a backup of a school: making, verifying and restoring it, and an upgrade's.

    python -m bench.backups [--learners N] [--attempts N]

Prints seconds and sizes, and ends with 1 if the restored database has other numbers of rows than
the school. 200,000 attempts take some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from devtools.certificates import CertificateAuthority
from devtools.fleet import Fleet
from devtools.postgres import PostgresServer, find_installation
from devtools.syncing.school import INSIDE, run_steps, step

LEARNERS, ATTEMPTS = 2_000, 200_000

#: A learner's account, membership, visit, summary and mastery (devtools/syncing/inside).
PER_LEARNER = 5

#: Copies all records into the tables from which a sync reads them, as after a school's first sync.
SERIALIZE = """
from morango.sync.controller import MorangoProfileController
MorangoProfileController("facilitydata").serialize_into_store()
"""

SIZE = "SELECT pg_database_size(current_database())"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=LEARNERS)
    parser.add_argument("--attempts", type=int, default=ATTEMPTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kolibri-azure-backups-") as name:
        folder = Path(name)
        authority = CertificateAuthority.create(folder / "authority")
        with PostgresServer.temporary(authority) as postgres:
            fleet = Fleet(folder, postgres, authority, "kolibri", modules=(INSIDE,))
            postgres.create_role(fleet.user, fleet.password)
            postgres.execute(f"ALTER ROLE {fleet.user} CREATEDB")
            postgres.create_database(fleet.database, owner=fleet.user)
            return measure(fleet, asked.learners, asked.attempts)


def measure(fleet: Fleet, learners: int, attempts: int) -> int:
    """Print the figures of a school of this size; return the exit code."""
    (fleet.folder / "backups").mkdir()
    fleet.settings["KOLIBRI_AZURE_BACKUP_FOLDER"] = str(fleet.folder / "backups")
    programs = find_installation().folder
    fleet.settings["PATH"] = os.pathsep.join((str(programs), os.environ["PATH"]))
    school = fleet.instance("school")
    school.provision(username="admin", password="a-password", preset="nonformal")
    records = attempts + PER_LEARNER * learners
    run_steps(school, step("make_records", None, "s", records, learners), SERIALIZE)
    size = fleet.postgres.execute(SIZE, database=fleet.database)[0][0]
    print(f"{learners:,} learners, {attempts:,} attempts: a database of {size / 1e6:,.0f} MB")
    seconds, said = run(fleet, "create")
    dump = Path(said.split()[-1])
    manifest = json.loads(dump.with_suffix(".json").read_text())
    rows, stored = sum(manifest["counts"].values()), dump.stat().st_size
    print(f"create: {seconds:.1f} s, {rows:,} rows in a file of {stored / 1e6:,.1f} MB")
    seconds, _ = run(fleet, "verify", str(dump))
    print(f"verify: {seconds:.1f} s")
    fleet.postgres.execute("TRUNCATE logger_attemptlog CASCADE", database=fleet.database)
    seconds, _ = run(fleet, "restore", str(dump), "--replace")
    print(f"restore over a damaged database: {seconds:.1f} s")
    restored = fleet.postgres.execute(
        "SELECT count(*) FROM logger_attemptlog", database=fleet.database
    )
    return int(restored != [(manifest["counts"]["logger_attemptlog"],)])


def run(fleet: Fleet, *words: str) -> tuple[float, str]:
    """Run the command; return its seconds and its output."""
    began = time.monotonic()
    done = fleet.instance("shell").run("manage", "azure_backup", *words, seconds=3600)
    if done.code:
        raise SystemExit(done.output)
    return time.monotonic() - began, done.stdout


if __name__ == "__main__":
    sys.exit(main())
