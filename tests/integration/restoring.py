"""Restores that are held up half-way, and what the database contains meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psycopg2

from devtools.deadline import wait_until
from devtools.descendants import command_line, descendants
from kolibri_azure_plugin.database.restore_gate import CHANGES
from kolibri_azure_plugin.facility_data.backups.tables import count_rows

from .backing_up import SOON


def counts_now(backups):
    """The number of rows of each table."""
    with contextlib.closing(psycopg2.connect(backups.deployment.database_url)) as session:
        return count_rows(session, "public")


def wait_for(seconds):
    """Wait, where the time itself is the condition."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, "the moment", seconds + SOON)


def restoring(postgres, database):
    """The names of the sessions in which a restore changes the tables."""
    names = [each.application for each in postgres.connections(database)]
    return [name for name in names if name.startswith(f"kolibri {CHANGES}")]


@contextlib.contextmanager
def table_in_use(postgres, database):
    """An administrator reads a table, so a restore can't replace it yet."""
    with contextlib.closing(postgres.connect(database)) as session:
        session.cursor().execute("LOCK TABLE kolibriauth_collection IN ACCESS SHARE MODE")
        yield


@contextlib.contextmanager
def restore_held_up(process, postgres, database):
    """Stop psql in the middle of a restore, for as long as the `with` block takes."""

    def psql():
        if not restoring(postgres, database):
            return None
        return next(
            (pid for pid in descendants(process.pid) if "/psql " in command_line(pid)), None
        )

    with table_in_use(postgres, database):
        pid = wait_until(lambda: psql() or (process.exit_code is not None and -1), "psql", SOON)
        assert pid > 0, process.output
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
