"""Workers of a fleet: how tests begin and kill them, and who holds the lock."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

from devtools.deadline import wait_until
from devtools.descendants import children
from devtools.fleet import Fleet
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.instances.advisory_lock import HOLDERS, AdvisoryLock
from kolibri_azure_plugin.instances.lease import LOCK_NAME
from tests.integration.jobs import Event, Jobs

WORKER = ("manage", "--skip-update", "azure_worker")


def begin_worker(fleet: Fleet, name: str, port: int | None = None) -> BackgroundProcess:
    return fleet.instance(name, port=port).begin(*WORKER, log=f"{name}.log")


def begin_job(
    fleet: Fleet,
    jobs: Jobs,
    processes: list[BackgroundProcess],
    *,
    port: int | None = None,
) -> BackgroundProcess:
    """A worker that holds the lock, and has begun job 1, which takes long."""
    worker = begin_worker(fleet, "first", port)
    processes.append(worker)
    jobs.add(1, 600)
    wait_until(lambda: jobs.begun(1), "the job to begin", 30)
    return worker


def begin_stand_by(fleet: Fleet, processes: list[BackgroundProcess]) -> None:
    """Another worker, which can't have the lock yet."""
    processes.append(begin_worker(fleet, "second"))
    wait_until(lambda: stand_bys(fleet) == 1, "a stand-by", 30)


#: Every way to run workers.
KINDS: dict[str, Callable[[Fleet, str], BackgroundProcess]] = {
    "start": lambda fleet, name: fleet.instance(name).start(),
    "services": lambda fleet, name: fleet.instance(name).services(),
    "command": begin_worker,
}


class Instance:
    """One of the three, each of another kind."""

    def __init__(self, fleet: Fleet, kind: str, processes: list[BackgroundProcess]) -> None:
        self._fleet = fleet
        self._kind = kind
        self._processes = processes
        #: Every process that was killed with -9.
        self.killed: set[int] = set()
        self.start()

    @property
    def runs(self) -> bool:
        return self._process.exit_code is None

    def start(self) -> None:
        self._process = KINDS[self._kind](self._fleet, self._kind)
        self._processes.append(self._process)

    def kill(self) -> None:
        """All of it at once, as the end of a container is."""
        everything = [self._process.pid, *children(self._process.pid)]
        self.killed.update(everything)
        for pid in everything:
            send(signal.SIGKILL, pid)
        self._process.kill()

    def stop(self) -> None:
        self._process.stop()


def seconds_to_fail_over(fleet: Fleet, jobs: Jobs, holder: BackgroundProcess, job: int) -> float:
    """From the holder's end by kill -9 to the moment in which its job is begun again."""
    jobs.add(job, 600)
    wait_until(lambda: jobs.begun(job), "the job to begin", 10)
    killed_at = time.time()
    holder.kill()
    again = wait_until(lambda: jobs.begun(job)[1:], "another instance to take over", 30)
    jobs.forget(job)
    return again[0].time - killed_at


def send(number: signal.Signals, pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def holders(fleet: Fleet) -> list[tuple[int, str]]:
    """The sessions that hold the workers' lock: none or one."""
    return fleet.postgres.execute(HOLDERS, (AdvisoryLock(LOCK_NAME).key,), database=fleet.database)


def the_holder(fleet: Fleet) -> int | None:
    """The id of the process that holds the lock."""
    found = holders(fleet)
    return int(found[0][1].rsplit(" ", 1)[1]) if found else None


def holder_among(fleet: Fleet, running: dict[str, BackgroundProcess]) -> str | None:
    pid = the_holder(fleet)
    return next((name for name, process in running.items() if process.pid == pid), None)


def stand_bys(fleet: Fleet) -> int:
    """How many sessions ask for the lock without having it."""
    sessions = fleet.postgres.connections(fleet.database)
    asking = [each for each in sessions if each.application.startswith(f"kolibri {LOCK_NAME}")]
    return len(asking) - len(holders(fleet))


def last_sign_of(jobs: Jobs, number: int, *, before: Event) -> Event:
    """The last that was heard of a job in other processes than that of `before`."""
    return [event for event in jobs.events(number=number) if event.process != before.process][-1]


def assert_works_alone(jobs: Jobs, number: int, begun: Event) -> None:
    """For a while, nobody else works on the job."""
    wait_until(
        lambda: jobs.events("tick", number)[-1].time > begun.time + 2, "the job to go on", 10
    )
    later = [event for event in jobs.events(number=number) if event.time >= begun.time]
    assert {event.process for event in later} == {begun.process}
