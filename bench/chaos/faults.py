"""The parts that are killed, and how."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devtools.container_processes import ContainerProcesses
from devtools.postgres import PostgresServer


@dataclass(frozen=True)
class Fault:
    """One kill; `inject` returns once it has happened."""

    victim: str
    inject: Callable[[], None]


def faults(container: ContainerProcesses, postgres: PostgresServer) -> list[Fault]:
    """Each part of the container, and its database."""
    return [
        Fault("nginx", lambda: _kill(container.parts()["nginx"])),
        Fault("one process of gunicorn", lambda: _kill(_child(container.parts()["app"]))),
        Fault("the background worker", lambda: _kill(container.parts()["worker"])),
        Fault("PostgreSQL", lambda: postgres.restart("immediate")),
    ]


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _child(pid: int) -> int:
    """One of gunicorn's worker processes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(
        int(child)
        for child in children
        if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
