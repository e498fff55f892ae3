"""A part that dies is started again; one that keeps dying ends the container with the reason."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import pytest
import requests

from devtools.container_processes import REPOSITORY
from devtools.deadline import wait_until
from devtools.descendants import children, command_line, descendants
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE

from .running import RECOVERY_SECONDS

PARTS = ("nginx", "content", "app", "zipcontent", "worker", "content_watch", "doctor")

#: The number of times that a part may end within a minute: docker/services/finish.
MAX_DEATHS = 5

#: The log line of running workers.
WORKS = "This instance runs the background workers now"


def kill_part(container, part):
    """Kill a part's first process; returns when the supervisor has started another."""
    killed = container.parts()[part]
    os.kill(killed, signal.SIGKILL)
    container.wait_until(
        lambda: container.parts().get(part, killed) != killed, f"a new {part}", RECOVERY_SECONDS
    )
    return killed


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_is_started_again(part, lasting):
    others = {name: pid for name, pid in lasting.parts().items() if name != part}
    its_own = descendants(lasting.parts()[part])

    kill_part(lasting, part)

    lasting.wait_until_ready()
    assert f"{part} has ended by signal 9, and is started again." in lasting.output
    # None of its child processes survives, and no other part was affected.
    wait_until(lambda: not its_own & lasting.processes(), "no orphans", RECOVERY_SECONDS)
    assert others.items() <= lasting.parts().items()


@pytest.mark.parametrize("part", ["nginx", "app", "zipcontent"])
def test_a_process_of_a_part_that_is_killed_is_replaced_by_the_part(part, lasting):
    parent = lasting.parts()[part]
    before = workers(parent)
    killed = min(before)

    os.kill(killed, signal.SIGKILL)

    # The last of the earlier ones may not have started completely.
    lasting.wait_until(
        lambda: killed not in children(parent) and len(workers(parent)) >= len(before),
        "a new process",
        RECOVERY_SECONDS,
    )
    lasting.wait_until_ready()
    assert lasting.parts()[part] == parent
    if part == "app":
        # In the same format as all other lines.
        assert re.search(r"Z ERROR   gunicorn\.error .* was sent SIGKILL!", lasting.output)


def workers(parent):
    """The children of a part without those of nginx for its cache, of which one ends by itself."""
    return {pid for pid in children(parent) if "cache" not in command_line(pid)}


#: Makes each process of gunicorn find at its first check that it has grown too much.
TOO_LARGE = """
if "kolibri_azure_plugin.container.gunicorn_app" in open("/proc/self/cmdline").read():
    import dataclasses
    from kolibri_azure_plugin.container import sizing
    find = sizing.sizes
    sizing.sizes = lambda *given: dataclasses.replace(find(*given), process_memory=1)
"""


def test_a_process_that_has_grown_too_much_is_replaced_between_two_requests(start, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(TOO_LARGE)
    web = start(PYTHONPATH=os.pathsep.join([str(tmp_path), str(REPOSITORY)]))
    web.wait_until_ready()
    before = children(web.parts()["app"])

    statuses = set()

    def visited_until_all_are_fresh():
        # A process checks after a number of requests, and the kernel chooses the process for each.
        with requests.Session() as visitor:
            for number in range(100):
                address = f"{web.url}/api/auth/facility/?{number}"
                statuses.add(visitor.get(address, timeout=20).status_code)
        return not before & children(web.parts()["app"])

    web.wait_until(visited_until_all_are_fresh, "fresh ones", RECOVERY_SECONDS)
    assert statuses == {200}
    assert "a new one replaces it" in web.output


def test_a_part_whose_supervisor_is_killed_runs_once_again_and_not_twice(web):
    first = web.parts()["app"]
    supervisor = int(Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1])

    os.kill(supervisor, signal.SIGKILL)

    web.wait_until(lambda: first not in web.processes(), "the end of the first", RECOVERY_SECONDS)
    web.wait_until_ready()
    apps = {pid for pid in web.processes() if "gunicorn_app" in command_line(pid)}
    assert apps - {each for pid in apps for each in children(pid)} == {web.parts()["app"]}
    assert web.stop() == 0
    assert web.orphans() == set()


@pytest.mark.slow
def test_a_process_that_does_nothing_any_more_is_replaced(lasting):
    parent = lasting.parts()["app"]
    stuck = min(children(parent))

    os.kill(stuck, signal.SIGSTOP)

    lasting.wait_until(lambda: stuck not in children(parent), "its end", RECOVERY_SECONDS)
    lasting.wait_until_ready()
    assert "WORKER TIMEOUT" in lasting.output


@pytest.mark.slow
def test_a_part_that_keeps_dying_ends_the_container_with_the_reason(web):
    for _ in range(MAX_DEATHS - 1):
        kill_part(web, "worker")
    os.kill(web.parts()["worker"], signal.SIGKILL)

    assert web.wait_for_exit(60) == 1
    assert web.output.splitlines()[-1] == (
        "worker has ended 5 times within a minute, the last time by signal 9: the container ends."
    )
    assert web.orphans() == set()


@pytest.mark.slow
def test_a_port_in_use_ends_the_container_with_nginxs_error(start):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        container = start(PORT=str(port))

        assert container.wait_for_exit(120) == 1

    assert f"bind() to 127.0.0.1:{port} failed (98: Address already in use)" in container.output
    assert container.output.splitlines()[-1].startswith("nginx has ended 5 times within a minute")


def test_a_deployment_that_is_wrong_ends_the_container_at_once_with_the_message(start, provisioned):
    provisioned.kind = ""  # no content share
    container = start(KOLIBRI_AZURE_STARTUP_TIMEOUT="1")

    assert container.wait_for_exit(180) == EXIT_CODE

    lines = container.output.splitlines()
    assert lines[-1].endswith("docs/troubleshooting.md#share-not-mounted")
    # At once, as the app was not started a second time.
    assert "is started again" not in container.output
    assert container.orphans() == set()


@pytest.mark.slow
def test_workers_that_can_not_start_are_tried_again_while_the_app_goes_on(
    start, provisioned, postgres
):
    web = start(KOLIBRI_AZURE_STARTUP_TIMEOUT="5")
    web.wait_until_ready()
    app = web.parts()["app"]
    web.wait_until(lambda: WORKS in web.output, "the workers", RECOVERY_SECONDS)

    postgres.execute(f'ALTER DATABASE "{provisioned.database}" ALLOW_CONNECTIONS false')
    postgres.terminate_connections(provisioned.database)
    web.wait_until(lambda: "is tried again" in web.output, "a refusal", RECOVERY_SECONDS)
    assert "Kolibri on Azure does not start." in web.output
    postgres.execute(f'ALTER DATABASE "{provisioned.database}" ALLOW_CONNECTIONS true')

    web.wait_until(lambda: web.output.count(WORKS) > 1, "the workers again", RECOVERY_SECONDS)
    web.wait_until_ready()
    assert web.parts()["app"] == app


@pytest.mark.slow
def test_parts_that_are_killed_twice_each_leave_no_process_behind(web):
    for _ in range(2):
        for part in PARTS:
            kill_part(web, part)
        web.wait_until_ready()
        # Each part is idle before it is killed again.
        assert len(web.parts()) == len(PARTS)
    before = len(web.processes())

    assert web.stop() == 0

    assert before > len(PARTS)
    assert web.orphans() == set()
