"""The cloud that schools sync with: two instances on one database, which take turns."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devtools.deadline import wait_until
from devtools.fleet import Fleet
from devtools.kolibri_process import Kolibri, WebProcess
from devtools.process import BackgroundProcess
from devtools.syncing.records import Records
from devtools.syncing.round_robin import RoundRobin
from devtools.syncing.school import INSIDE

if TYPE_CHECKING:
    from typing_extensions import Self

SYNC_EXTRAS = "kolibri_sync_extras_plugin"

#: As in the image.
BACKGROUND_ENVIRONMENT = {
    "KOLIBRI_SYNC_BACKGROUND_INITIALIZATION": "true",
    "KOLIBRI_SYNC_BACKGROUND_FINALIZATION": "true",
}

#: The doctor's rounds have separate tests.
QUIET = {"KOLIBRI_AZURE_CHECK_INTERVAL": "0"}

HOLDER = """
    SELECT split_part(value ->> 'holder', ' process ', 2) FROM kolibri_azure_state
    WHERE key = 'workers'
"""

WORKER = ("manage", "--skip-update", "azure_worker")


class Instance:
    """A web server and a worker process, as in a container."""

    def __init__(self, kolibri: Kolibri, name: str) -> None:
        self._kolibri = kolibri
        self._log = f"{name}-worker.log"
        self.web = self._start_web()
        self.port = int(self.web.url.rsplit(":", 1)[1])
        self.worker = self._start_worker()

    def wait_until_serving(self) -> None:
        self.web.wait_until_serving()

    def kill(self) -> None:
        """Kill all of it with SIGKILL, as when a container dies."""
        self.web.kill()
        self.worker.kill()

    def stop(self) -> None:
        """Stop gracefully, as when App Service replaces the container."""
        self.web.stop()
        self.worker.stop()

    def stop_worker(self) -> None:
        """Stop only the workers, gracefully."""
        self.worker.stop()

    def workers_megabytes(self) -> int:
        """The peak memory of the worker process."""
        status = Path(f"/proc/{self.worker.pid}/status").read_text(encoding="utf-8")
        [peak] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return int(peak) // 1024

    def restart(self) -> None:
        """Start again on the same port, without waiting."""
        self.web = self._start_web(self.port)
        self.worker = self._start_worker()

    def restore(self) -> None:
        """Restart stopped processes, without waiting."""
        if self.web.exit_code is not None:
            self.web = self._start_web(self.port)
        if self.worker.exit_code is not None:
            self.worker = self._start_worker()

    def _start_web(self, port: int | None = None) -> WebProcess:
        return self._kolibri.gunicorn("--threads", "8", "--graceful-timeout", "3", port=port)

    def _start_worker(self) -> BackgroundProcess:
        return self._kolibri.begin(*WORKER, log=self._log)


class Cloud:
    """Two instances; use it as a context manager, which starts and kills them."""

    def __init__(self, fleet: Fleet, *, instances: int = 2) -> None:
        fleet.plugins = (*fleet.plugins, SYNC_EXTRAS)
        fleet.modules = (*fleet.modules, INSIDE)
        fleet.settings.update({**BACKGROUND_ENVIRONMENT, **QUIET})
        self._names = [f"cloud-{number}" for number in range(1, instances + 1)]
        self._fleet = fleet
        self._stack = contextlib.ExitStack()
        self.instances: list[Instance] = []
        #: Runs commands that need no server.
        self.shell = fleet.instance(self._names[0])

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for name in self._names:
                instance = Instance(self._fleet.instance(name), name)
                stack.callback(instance.kill)
                self.instances.append(instance)
            for instance in self.instances:
                instance.wait_until_serving()
            ports = [instance.port for instance in self.instances]
            self.front = stack.enter_context(RoundRobin(ports))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """The address for schools."""
        return self.front.url

    def records(self) -> Records:
        """What there is to sync."""
        return Records(self.rows, "%s")

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """What the database answers."""
        database = self._fleet.database
        found: list[Any] = self._fleet.postgres.execute(statement, values, database=database)
        return found

    def stop_workers(self) -> None:
        """Stop the workers of both instances gracefully; the web servers keep running."""
        for instance in self.instances:
            instance.stop_worker()

    def restore(self) -> None:
        """Restart stopped processes, and wait for them."""
        for instance in self.instances:
            instance.restore()
        for instance in self.instances:
            instance.wait_until_serving()

    def worker_instance(self) -> Instance:
        """The instance whose workers are active."""
        return wait_until(self._holders, "workers", 30)[0]

    def _holders(self) -> list[Instance]:
        holders = {int(row[0]) for row in self.rows(HOLDER)}
        running = [each for each in self.instances if each.worker.exit_code is None]
        return [each for each in running if each.worker.pid in holders]
