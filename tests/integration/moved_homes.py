"""Homes that move in, and what tests look at on both sides."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2

from devtools.deadline import wait_until
from devtools.fleet import Fleet
from devtools.kolibri_process import Finished, Kolibri
from devtools.process import BackgroundProcess
from devtools.school_homes import ADMINISTRATOR
from devtools.syncing.records import Records
from devtools.syncing.school import INSIDE, School

SECONDS = 3600

PASSWORDS = "SELECT username, password FROM kolibriauth_facilityuser ORDER BY username"

#: The resources that the site has.
RESOURCES = "SELECT title FROM content_contentnode WHERE available AND kind <> 'topic'"

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

#: Everything that a second move could change.
TABLES = (
    "kolibriauth_facilityuser",
    "kolibriauth_collection",
    "kolibriauth_facilitydataset",
    "lessons_lesson",
    "exams_exam",
    "logger_attemptlog",
    "logger_contentsummarylog",
    "morango_store",
    "morango_recordmaxcounter",
    "morango_certificate",
    "device_devicepermissions",
    "content_channelmetadata",
    "content_contentnode",
)


class Site:
    """A deployment on a fleet's database, with one instance."""

    def __init__(self, fleet: Fleet, name: str = "site") -> None:
        self.fleet = fleet
        if INSIDE not in fleet.modules:
            fleet.modules = (*fleet.modules, INSIDE)
        self.kolibri: Kolibri = fleet.instance(name)

    @property
    def folder(self) -> Path:
        """Where moving in keeps its files."""
        return self.kolibri.home / "moving_in"

    def move_in(self, path: Path, *options: str) -> Finished:
        """Run the command to its end."""
        return self.kolibri.run("manage", "azure_move_in", str(path), *options, seconds=SECONDS)

    def begin_to_move_in(self, path: Path, *options: str) -> BackgroundProcess:
        """Run the command without waiting for its end."""
        return self.kolibri.begin("manage", "azure_move_in", str(path), *options, log="shell.log")

    def kill_work(self, shell: BackgroundProcess) -> None:
        """Kill the process of the work, not the shell."""
        process = self.lines()[0]["process"]
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        shell.wait_for_exit(60)
        wait_until(lambda: not self._copies(), "the copy's process to end", 30)

    def _copies(self) -> list[str]:
        """The processes that run in a copy of a home."""
        found = subprocess.run(
            ["pgrep", "-f", "moving_in.copy_process"], capture_output=True, text=True, check=False
        )
        return [pid for pid in found.stdout.split() if cwd_of(pid).startswith(str(self.folder))]

    @contextlib.contextmanager
    def locked(self, table: str, mode: str) -> Iterator[None]:
        """Lock a table while the block runs."""
        with contextlib.closing(psycopg2.connect(self.fleet.url())) as connection:
            connection.cursor().execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield
            connection.rollback()

    def waiting(self) -> int:
        """How many sessions wait for a lock."""
        [[number]] = self.rows(WAITING)
        return int(number)

    def rows(self, statement: str, values: Any = ()) -> list[Any]:
        found: list[Any] = self.fleet.postgres.execute(
            statement, values, database=self.fleet.database
        )
        return found

    def records(self) -> Records:
        return Records(self.rows, "%s")

    def state(self) -> dict[str, str]:
        """A digest of each table."""
        digests = "SELECT md5(string_agg(each::text, '|' ORDER BY each::text)) FROM {} AS each"
        return {table: str(self.rows(digests.format(table))[0][0]) for table in TABLES}

    def temporary_files(self) -> list[str]:
        """The copies of homes that were left behind."""
        return sorted(path.name for path in self.folder.glob("work-*"))

    def lines(self) -> list[dict[str, Any]]:
        """The progress of the last work."""
        text = (self.folder / "progress.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def steps_of(shell: BackgroundProcess) -> list[str]:
    """The titles of the steps that the shell has shown."""
    return [line[:-2] for line in shell.output.splitlines() if line.endswith(" …")]


def has_begun(shell: BackgroundProcess, beginning: str) -> bool:
    """True when a step whose title begins like this has begun."""
    return any(title.startswith(beginning) for title in steps_of(shell))


def cwd_of(pid: str) -> str:
    """The folder in which a process runs; empty if it has ended."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def copy_of(school: School, folder: Path) -> School:
    """The same home in another folder, as copied from the school's server."""
    home = folder / ".kolibri"
    shutil.copytree(school.home, home)
    return School(home, python=school.python)


def contents(home: Path) -> dict[str, str]:
    """A digest of each file."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def assert_moved_in(school: School, site: Site, facility_name: str) -> None:
    """Every record of the facility is on the site, and no other."""
    facility = school.records().facilities()[facility_name]
    assert site.records().of_facility(facility) == school.records().of_facility(facility)


def assert_passwords_unchanged(school: School, site: Site, *own: str) -> None:
    """The users of the site are the school's, with their passwords, and its `own`."""
    here = {name: password for name, password in site.rows(PASSWORDS) if name not in own}
    assert here == dict(school.rows(PASSWORDS))
    assert ADMINISTRATOR in here
