"""Jobs that tests give to Kolibri's workers, and a record of their runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from devtools.fleet import Fleet

MODULES = Path(__file__).parent / "modules"

INSERT = """
    INSERT INTO jobs (id, state, func, priority, queue, saved_job, "interval", repeat,
                      time_created, time_updated, scheduled_time)
    VALUES (%s, %s, %s, 5, 'tests', %s, 0, 0, now(), now(), now())
"""


@dataclass(frozen=True)
class Event:
    """A job starts, ticks or ends in a process, at a time of the clock."""

    kind: str
    number: int
    process: int
    time: float


class Jobs:
    """The jobs in one fleet's database."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._log = fleet.folder / "jobs.log"
        self._log.touch()
        fleet.modules = (MODULES,)
        fleet.settings["RECORDED_JOBS_FILE"] = str(self._log)

    def add(
        self,
        number: int,
        seconds: float,
        state: str = "QUEUED",
        function: str = "recorded_jobs.work",
    ) -> None:
        """Store a job of so many seconds, as Kolibri would."""
        name = f"test-{number}"
        job = {"func": function, "job_id": name, "state": state, "args": [number, seconds]}
        self._fleet.postgres.execute(
            INSERT, (name, state, function, json.dumps(job)), database=self._fleet.database
        )

    def forget(self, number: int) -> None:
        """Remove a job. Its worker runs it to the end nevertheless."""
        self._fleet.postgres.execute(
            "DELETE FROM jobs WHERE id = %s", (f"test-{number}",), database=self._fleet.database
        )

    def states(self) -> dict[int, str]:
        """The state of each job."""
        rows = self._fleet.postgres.execute(
            "SELECT id, state FROM jobs WHERE queue = 'tests'", database=self._fleet.database
        )
        return {int(name.split("-")[1]): state for name, state in rows}

    def events(self, kind: str = "", number: int | None = None) -> list[Event]:
        """The recorded events, oldest first."""
        fields = (line.split() for line in self._log.read_text().splitlines())
        events = [Event(kind, int(n), int(process), float(at)) for kind, n, process, at in fields]
        return [
            event
            for event in events
            if event.kind.startswith(kind) and number in (None, event.number)
        ]

    def begun(self, number: int) -> list[Event]:
        """Each start of the job."""
        return self.events("begin", number)
