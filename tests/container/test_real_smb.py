"""Pages and health are answered during every fault of the share, with the kernel's SMB client.

`make smb` runs the long form, whose figures docs/container.md shows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from devtools.deadline import wait_until
from devtools.deployment import Deployment
from devtools.smb.lab import Lab
from kolibri_azure_plugin.content.probe import DEADLINE
from kolibri_azure_plugin.web.health.readiness import START_TIMEOUT
from tests.smb_lab import RUNS_ALONE

from .fronts import ask, require_nginx
from .in_machine import site_in_machine
from .visits import CONTENT, LIVE, PAGE, PATHS, READY, FaultResult, Visitors, during, table

pytestmark = [pytest.mark.slow, pytest.mark.smb, RUNS_ALONE]

#: Seconds that each fault lasts.
SECONDS = float(os.environ.get("KOLIBRI_AZURE_SMB_SECONDS", "10"))

#: Seconds in which content must be back, once the kernel's client finds its server again.
PATIENCE = 120

FILES = [f"{number:032x}" for number in range(2000)]

#: Requests enough that every process of the site has answered one.
WARM_UP = 10

HEALTHY = "healthy"


def storage(name: str) -> str:
    return f"storage/{name[0]}/{name[1]}/{name}.mp4"


def faults(lab: Lab) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    """The actions that start and end each fault."""
    server = lab.server
    return {
        HEALTHY: (lambda: None, lambda: None),
        "stopped": (server.pause, server.resume),
        "killed": (server.kill, server.start),
        "address gone": (server.unplug, server.plug_in),
        "link at 300 ms": (lambda: lab.machine.add_latency(300), lab.machine.remove_latency),
    }


@pytest.fixture
def files(smb_lab: Lab) -> Iterator[str]:
    """Unused paths of content on the share, as a file that was sent before would still be open."""
    for name in FILES:
        path = smb_lab.content / storage(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    return (f"/content/{storage(name)}" for name in FILES)


@pytest.fixture
def courses(smb_lab: Lab, provisioned: Deployment, files: Iterator[str]) -> dict[str, FaultResult]:
    """The visitors' answers before and during each fault."""
    require_nginx()
    found = {}
    with site_in_machine(smb_lab, provisioned.database_url) as site:
        for name, (begin, end) in faults(smb_lab).items():
            wait_until(site.is_ready, "the site to be itself", PATIENCE)
            for _ in range(WARM_UP):
                ask(site.url, PATHS[PAGE])
            visitors = Visitors(site.url, files)
            found[name] = during(name, visitors, begin, end, seconds=SECONDS, patience=PATIENCE)
    return found


def test_pages_and_health_are_answered_whatever_befalls_the_share(
    courses: dict[str, FaultResult], counts: Callable[[str], None]
) -> None:
    counts(f"each fault for {SECONDS:g} s\n{table(list(courses.values()))}")
    healthy = courses.pop(HEALTHY)
    assert healthy.answers(CONTENT).keys() == {200}
    for course in courses.values():
        assert course.answers(PAGE).keys() == {200}, course.name
        assert course.answers(LIVE).keys() == {200}, course.name
        assert course.answers(READY).keys() <= {200, 503}, course.name
        for kind in PATHS:
            limit = DEADLINE + (START_TIMEOUT if kind == READY else 0) + healthy.p99(kind)
            assert course.slowest(kind) <= limit, (course.name, kind)
        assert course.back is not None, course.name
