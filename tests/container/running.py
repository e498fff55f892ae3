"""The container's processes: on a new deployment each time, or on one of a module."""

from __future__ import annotations

import pytest

from devtools import container_processes
from devtools.descendants import children

__all__ = ["lasting", "lasting_container", "start", "web"]

RECOVERY_SECONDS = 180

#: Parts that leave the work to processes of their own.
SERVERS = {"nginx", "app", "zipcontent"}


def require_programs():
    missing = container_processes.missing_programs()
    if missing:
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")


@pytest.fixture
def start(provisioned):
    """Start ``docker/entrypoint MODE`` on a deployment. All its processes end with the test."""
    require_programs()
    begun = []

    def begin(mode: str = "web", **settings: str):
        begun.append(container_processes.begin(provisioned, mode=mode, **settings))
        return begun[-1]

    yield begin
    for processes in begun:
        processes.kill()


@pytest.fixture
def web(start):
    """A container in mode web that is ready."""
    container = start()
    container.wait_until_ready()
    return container


@pytest.fixture(scope="module")
def lasting_container(copied):
    """A container in mode web that a module's tests share."""
    require_programs()
    with copied() as (deployment, _):
        container = container_processes.begin(deployment)
        yield container
        container.kill()


@pytest.fixture
def lasting(lasting_container):
    """The same when it is ready, for a test from which it recovers."""
    container = lasting_container
    container.wait_until_ready()

    def serving():
        return {name for name, pid in container.parts().items() if children(pid)}

    container.wait_until(lambda: serving() >= SERVERS, "all servers", RECOVERY_SECONDS)
    return container
