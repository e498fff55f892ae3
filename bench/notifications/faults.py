"""The processes that end in a round, and how."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devtools.container_processes import ContainerProcesses, begin
from devtools.deployment import Deployment
from devtools.postgres import PostgresServer


class Container:
    """A container that can be stopped and restarted at the same address."""

    def __init__(self, deployment: Deployment, port: int) -> None:
        self._deployment = deployment
        self._port = str(port)
        self._processes = self._begin()
        self.wait_until_ready()

    @property
    def url(self) -> str:
        return self._processes.url

    def wait_until_ready(self) -> None:
        self._processes.wait_until_ready()

    def stop(self) -> None:
        self._processes.stop()

    def kill(self) -> None:
        self._processes.kill()

    def restart(self) -> None:
        self._processes = self._begin()
        self.wait_until_ready()

    def _begin(self) -> ContainerProcesses:
        return begin(self._deployment, PORT=self._port)

    def web_worker_pid(self) -> int:
        """The PID of any of the web server's worker processes."""
        pid = self._processes.parts()["app"]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        serving = [
            int(child)
            for child in children
            if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
        return random.choice(serving)


@dataclass(frozen=True)
class Fault:
    """A way to fail; `inject` returns when everything is up again, or soon will be."""

    name: str
    inject: Callable[[], None]


def ends(container: Container) -> list[Fault]:
    """Return every way in which a process can end."""

    def stop() -> None:
        container.stop()
        container.restart()

    def kill() -> None:
        container.kill()
        container.restart()

    return [
        Fault("a web process killed", lambda: os.kill(container.web_worker_pid(), signal.SIGKILL)),
        Fault(
            "a web process recycled", lambda: os.kill(container.web_worker_pid(), signal.SIGTERM)
        ),
        Fault("the container stopped", stop),
        Fault("the container killed", kill),
    ]


def outage(container: Container, postgres: PostgresServer, seconds: float) -> Fault:
    """PostgreSQL crashes, and is unavailable for `seconds`."""
    # A test server may lose recent commits in a crash unless this is on.
    postgres.configure(synchronous_commit="on")

    def inject() -> None:
        postgres.stop("immediate")
        time.sleep(seconds)
        postgres.start()
        container.wait_until_ready()

    return Fault(f"no database for {seconds:g} s", inject)
