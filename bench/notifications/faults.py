"""What ends in a round, and how."""

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
    """A container that can be ended and begun again, at the same address."""

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

    def begin_again(self) -> None:
        self._processes = self._begin()
        self.wait_until_ready()

    def _begin(self) -> ContainerProcesses:
        return begin(self._deployment, PORT=self._port)

    def one_web_process(self) -> int:
        """One of the processes that serve, any of them."""
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
    """`strike` returns when everything is up again, or soon will be."""

    name: str
    strike: Callable[[], None]


def ends(container: Container) -> list[Fault]:
    """Every way in which a process ends."""

    def stop() -> None:
        container.stop()
        container.begin_again()

    def kill() -> None:
        container.kill()
        container.begin_again()

    return [
        Fault("a web process killed", lambda: os.kill(container.one_web_process(), signal.SIGKILL)),
        Fault(
            "a web process recycled", lambda: os.kill(container.one_web_process(), signal.SIGTERM)
        ),
        Fault("the container stopped", stop),
        Fault("the container killed", kill),
    ]


def outage(container: Container, postgres: PostgresServer, seconds: float) -> Fault:
    """PostgreSQL crashes, and is away for so long."""
    # A test's server forgets what it has just committed, unless it is told not to.
    postgres.configure(synchronous_commit="on")

    def strike() -> None:
        postgres.stop("immediate")
        time.sleep(seconds)
        postgres.start()
        container.wait_until_ready()

    return Fault(f"no database for {seconds:g} s", strike)
