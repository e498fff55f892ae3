"""What a load costs: the processor time of server, database and load, and the database's work.

The processor time of all other programs is read, too, because it disturbs a measurement.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from devtools.postgres import PostgresServer

#: PostgreSQL's own count of statements; its package brings it along.
EXTENSION = "pg_stat_statements"

#: Kinds of statements that it keeps. Beyond this number it forgets kinds with their counts.
KINDS = 50_000

SERVER, DATABASE, LOAD = "server", "database", "load"

#: All programs of the machine that are none of these.
OTHERS = "others"


@dataclass(frozen=True)
class Reading:
    """What has been used up to a moment.

    :param processor: seconds of processor time by part.
    :param machine: the same of all that has run on this machine.
    :param statements: SQL statements so far, without transaction control.
    """

    moment: float
    processor: Mapping[str, float]
    machine: float
    statements: int
    transactions: int
    connections: int

    def since(self, before: Reading) -> Expense:
        """What was used between two readings."""
        return Expense(
            seconds=self.moment - before.moment,
            processor={
                part: used - before.processor[part] for part, used in self.processor.items()
            },
            machine=self.machine - before.machine,
            statements=self.statements - before.statements,
            transactions=self.transactions - before.transactions,
            connections=self.connections,
        )


@dataclass(frozen=True)
class Expense:
    """What was used during a phase.

    :param processor: seconds of processor time by part.
    :param machine: the same of all that ran on this machine.
    :param connections: to the database, at the end.
    """

    seconds: float
    processor: Mapping[str, float]
    machine: float
    statements: int
    transactions: int
    connections: int

    def beyond(self, rest: Expense) -> Expense:
        """This expense without what the server does in the same time when no one visits it."""
        share = self.seconds / rest.seconds
        return Expense(
            seconds=self.seconds,
            processor={
                part: used - rest.processor[part] * share for part, used in self.processor.items()
            },
            machine=self.machine,
            statements=round(self.statements - rest.statements * share),
            transactions=round(self.transactions - rest.transactions * share),
            connections=self.connections,
        )

    @property
    def processors(self) -> dict[str, float]:
        """How many processors each part kept busy on average, and all other programs."""
        others = max(self.machine - sum(self.processor.values()), 0.0)
        used = {**self.processor, OTHERS: others}
        return {part: seconds / self.seconds for part, seconds in used.items()}


class Meter:
    """Reads what the parts use: each is a process with its descendants.

    :param roots: the first processes of each part; `LOAD` may be added later.
    """

    def __init__(self, roots: Mapping[str, list[int]], postgres: PostgresServer, name: str) -> None:
        self.roots = dict(roots)
        self._postgres, self._database = postgres, name
        postgres.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}", database=name)

    def read(self) -> Reading:
        statements, transactions, connections = self._postgres.execute(
            f"""
            SELECT (SELECT coalesce(sum(calls), 0) FROM {EXTENSION} s
                    JOIN pg_database d ON d.oid = s.dbid WHERE datname = current_database()
                    AND query !~* '^(begin|commit|rollback|savepoint|release|set|show)'),
                   xact_commit + xact_rollback, numbackends
            FROM pg_stat_database WHERE datname = current_database()
            """,
            database=self._database,
        )[0]
        return Reading(
            time.monotonic(),
            {part: sum(map(processor_seconds, roots)) for part, roots in self.roots.items()},
            machine_seconds(),
            int(statements),
            int(transactions),
            int(connections),
        )


def count_statements(postgres: PostgresServer) -> None:
    """Let a running PostgreSQL count statements; restarts it."""
    settings: dict[str, str | int] = {
        "shared_preload_libraries": EXTENSION,
        f"{EXTENSION}.max": KINDS,
    }
    postgres.configure(**settings)
    postgres.restart()


def postmaster(postgres: PostgresServer) -> int:
    """The first process of PostgreSQL."""
    return int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])


def machine_seconds() -> float:
    """The processor time that all programs of this machine have used."""
    times = psutil.cpu_times()._asdict()
    # A guest's time is counted as that of its host's program, too.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(seconds for kind, seconds in times.items() if kind not in idle))


def processor_seconds(root: int) -> float:
    """The processor time of a process and its descendants, those that have ended included."""
    used = 0.0
    first = psutil.Process(root)
    for process in (first, *first.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # Time of children is that of those that have ended; their parent has waited for them.
            used += times.user + times.system + times.children_user + times.children_system
    return used
