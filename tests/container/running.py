"""The container's processes, each time on a deployment of their own."""

from __future__ import annotations

import pytest

from devtools import container_processes

__all__ = ["start", "web"]


@pytest.fixture
def start(provisioned):
    """Starts ``docker/entrypoint MODE`` on a deployment; nothing of it outlives the test."""
    missing = container_processes.missing_programs()
    if missing:
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")
    begun = []

    def begin(mode: str = "web", **settings: str):
        begun.append(container_processes.begin(provisioned, mode=mode, **settings))
        return begun[-1]

    yield begin
    for processes in begun:
        processes.kill()


@pytest.fixture
def web(start):
    """A container in mode web that can serve."""
    container = start()
    container.wait_until_ready()
    return container
