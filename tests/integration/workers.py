"""Workers of a fleet: tests start and kill them, and see which of them holds the lease."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator

from devtools.deadline import wait_until
from devtools.descendants import children
from devtools.fleet import Fleet
from devtools.postgres.administration import Connection
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.instances.lease import LEASE_SECONDS, SESSION_NAME
from kolibri_azure_plugin.instances.lease_row import WORKERS
from tests.integration.jobs import Event, Jobs
from tests.integration.serving import STARTED, STARTED_SECONDS

WORKER = ("manage", "--skip-update", "azure_worker")

#: After a kill, a cut or a freeze, the workers run again within this time on a machine that is not
#: busy.
FAILOVER_SECONDS = 10

HOLDER = """
    SELECT value ->> 'holder' FROM kolibri_azure_state
    WHERE key = %s AND value ->> 'ended' = 'false'
      AND updated_at > clock_timestamp() - make_interval(secs => %s)
"""


def start_worker(fleet: Fleet, name: str, port: int | None = None) -> BackgroundProcess:
    return fleet.instance(name, port=port).begin(*WORKER, log=f"{name}.log")


def start_job(
    fleet: Fleet,
    jobs: Jobs,
    processes: list[BackgroundProcess],
    *,
    port: int | None = None,
) -> BackgroundProcess:
    """A worker that holds the lease and has started job 1, a long one."""
    worker = start_worker(fleet, "first", port)
    processes.append(worker)
    jobs.add(1, 600)
    wait_until(lambda: jobs.begun(1), "the job to begin", 30)
    return worker


def start_standby(fleet: Fleet, processes: list[BackgroundProcess]) -> None:
    """Another worker, which can't have the lease yet."""
    processes.append(start_worker(fleet, "second"))
    wait_until(lambda: standbys(fleet) == 1, "a stand-by", 30)


#: Every way to run workers.
KINDS: dict[str, Callable[[Fleet, str], BackgroundProcess]] = {
    "start": lambda fleet, name: fleet.instance(name).start(),
    "services": lambda fleet, name: fleet.instance(name).services(),
    "command": start_worker,
}


class Instance:
    """One of the three, each of another kind."""

    def __init__(self, fleet: Fleet, kind: str, processes: list[BackgroundProcess]) -> None:
        self._fleet = fleet
        self._kind = kind
        self._processes = processes
        #: Every process killed with -9.
        self.killed: set[int] = set()
        self.start()

    @property
    def runs(self) -> bool:
        return self._process.exit_code is None

    def start(self) -> None:
        self._process = KINDS[self._kind](self._fleet, self._kind)
        self._processes.append(self._process)

    def kill(self) -> None:
        """Kill all its processes at once, like the end of a container."""
        everything = [self._process.pid, *children(self._process.pid)]
        self.killed.update(everything)
        for pid in everything:
            send(signal.SIGKILL, pid)
        self._process.kill()

    def stop(self) -> None:
        if self._kind != "command":
            # Kolibri hangs if it is told to stop while it starts.
            self._process.wait_until(
                lambda: STARTED in self._process.output, STARTED, STARTED_SECONDS
            )
        self._process.stop()


@contextlib.contextmanager
def pipe_for_output(fleet: Fleet, name: str) -> Iterator[int]:
    """Have an instance of :func:`start_worker` write its output to a pipe, which this yields."""
    home = fleet.folder / name
    home.mkdir()
    os.mkfifo(home / f"{name}.log")
    # Do not wait for the other end to open.
    pipe = os.open(home / f"{name}.log", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(pipe, True)
    try:
        yield pipe
    finally:
        os.close(pipe)


def read_until(pipe: int, text: bytes) -> None:
    """Read up to the text, and no further."""
    # Before the other end opens, a read would return at once, as at the end.
    select.select([pipe], [], [])
    seen = b""
    while text not in seen:
        piece = os.read(pipe, 4096)
        if not piece:
            raise EOFError(f"{text!r} did not come")
        seen = seen[-len(text) :] + piece


def measure_failover(fleet: Fleet, jobs: Jobs, holder: BackgroundProcess, job: int) -> float:
    """Seconds from the holder's end by kill -9 to the next start of its job."""
    jobs.add(job, 600)
    wait_until(lambda: jobs.begun(job), "the job to begin", 30)
    killed_at = time.time()
    holder.kill()
    again = wait_until(lambda: jobs.begun(job)[1:], "another instance to take over", 30)
    jobs.forget(job)
    return again[0].time - killed_at


def send(number: signal.Signals, pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def current_holder(fleet: Fleet) -> int | None:
    """The id of the process that holds the lease; after a kill, until the lease expires."""
    rows = fleet.postgres.execute(HOLDER, (WORKERS, LEASE_SECONDS), database=fleet.database)
    return _process_id(rows[0][0]) if rows else None


def holder_among(fleet: Fleet, running: dict[str, BackgroundProcess]) -> str | None:
    pid = current_holder(fleet)
    return next((name for name, process in running.items() if process.pid == pid), None)


def standbys(fleet: Fleet) -> int:
    """The number of sessions that ask for the lease without having it."""
    holder = current_holder(fleet)
    return len([each for each in lease_sessions(fleet) if _process_id(each.application) != holder])


def lease_sessions(fleet: Fleet) -> list[Connection]:
    """The sessions of all processes that have the lease, or ask for it."""
    sessions = fleet.postgres.connections(fleet.database)
    return [each for each in sessions if each.application.startswith(f"kolibri {SESSION_NAME}")]


def _process_id(name: str) -> int:
    """Of ``… process PID``, which ends the names of holders and of sessions."""
    return int(name.rsplit(" ", 1)[1])


def last_event_of(jobs: Jobs, number: int, *, before: Event) -> Event:
    """The latest event of a job in processes other than that of `before`."""
    return [event for event in jobs.events(number=number) if event.process != before.process][-1]


def assert_sole_worker(jobs: Jobs, number: int, begun: Event) -> None:
    """Assert that no other process works on the job for a while."""
    wait_until(
        lambda: jobs.events("tick", number)[-1].time > begun.time + 2, "the job to go on", 30
    )
    later = [event for event in jobs.events(number=number) if event.time >= begun.time]
    assert {event.process for event in later} == {begun.process}
