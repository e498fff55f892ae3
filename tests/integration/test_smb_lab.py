"""The lab uses the kernel's SMB client with encryption, and each fault has its effect."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from devtools.deadline import wait_until
from devtools.smb.lab import Lab
from devtools.smb.machine import CONTENT
from devtools.smb.network import Network
from devtools.smb.server import FULL, READ_ONLY
from tests.long_forms import LONG_FORM
from tests.smb_lab import RUNS_ALONE, require_lab

pytestmark = [pytest.mark.slow, pytest.mark.smb, RUNS_ALONE, LONG_FORM]

#: A client gives up on a server after some tens of seconds, and takes as long to return.
PATIENCE = 180

names = (f"file{number}" for number in itertools.count())


def reader(lab, seconds=PATIENCE):
    """The exit of a program that reads a file which the client has not cached."""
    name = next(names)
    (lab.content / name).write_text("content")
    return lab.machine.run(["cat", f"{CONTENT}/{name}"], timeout=seconds)


def wait_until_content_is_back(lab):
    wait_until(lambda: reader(lab, 20).stdout == "content", "content", PATIENCE)


def test_the_share_is_mounted_as_app_service_does_and_encrypted(healthy_lab):
    mounted = healthy_lab.machine.run(["grep", CONTENT, "/proc/self/mountinfo"]).check().stdout
    details = healthy_lab.machine.run(["cat", "/proc/fs/cifs/DebugData"]).check().stdout

    assert " - cifs //" in mounted
    assert {"vers=3.1.1", "seal", "soft", "actimeo=1"} <= set(mounted.split()[-1].split(","))
    assert "nobrl" not in mounted
    assert "Encrypted" in details


def test_files_that_the_machine_writes_are_only_on_the_share(healthy_lab):
    script = f"echo there > {CONTENT}/written; echo here > /root/smb-lab-wrote; cat /root/smb-lab-*"
    assert healthy_lab.machine.run(["sh", "-c", script]).check().stdout == "here\n"
    assert (healthy_lab.content / "written").read_text() == "there\n"
    assert not (healthy_lab.content / "smb-lab-wrote").exists()


def test_a_server_in_the_machine_is_reached_from_here_and_one_here_from_the_machine(healthy_lab):
    lab = healthy_lab
    (lab.shared / "page").write_text("page")
    with lab.machine.start(["python3", "-m", "http.server", "8000"], cwd="/mnt/lab") as server:
        address = f"http://{lab.machine.address}:8000/page"

        def answer():
            try:
                return requests.get(address, timeout=20).text
            except requests.ConnectionError:
                assert server.exit_code is None, server.output
                return ""

        assert wait_until(answer, "an answer", 60) == "page"
    port = lab.forward_port(9)
    connect = f"import socket; socket.create_connection(('{lab.host}', {port}), 20)"
    lab.machine.python(connect).check()


def test_a_reader_of_a_stopped_server_hangs_and_can_be_killed(healthy_lab):
    healthy_lab.server.pause()
    assert reader(healthy_lab, 5).code is None
    healthy_lab.server.resume()
    wait_until_content_is_back(healthy_lab)


def test_a_killed_server_refuses_connections(healthy_lab):
    assert healthy_lab.server.answers()
    healthy_lab.server.kill()
    assert not healthy_lab.server.answers()
    assert reader(healthy_lab).code != 0
    healthy_lab.server.start()
    wait_until_content_is_back(healthy_lab)


def test_an_unplugged_server_has_no_address(healthy_lab):
    healthy_lab.server.unplug()
    assert reader(healthy_lab, 5).code is None
    assert healthy_lab.machine.run(["true"]).code == 0, "the machine itself is reached"
    healthy_lab.server.plug_in()
    wait_until_content_is_back(healthy_lab)


def test_a_slow_link_is_slow_to_the_server_alone(healthy_lab):
    lab = healthy_lab
    ping = "import socket, time; begun = time.monotonic()\n"
    ping += "socket.create_connection(('{}', {}), 20); print(time.monotonic() - begun)"
    port = lab.forward_port(9)
    lab.machine.add_latency(2000)
    to_server = lab.machine.python(ping.format(lab.server.address, 445)).check()
    to_host = lab.machine.python(ping.format(lab.host, port)).check()
    lab.machine.remove_latency()

    assert float(to_server.stdout) >= 2
    assert float(to_server.stdout) > float(to_host.stdout)
    assert reader(lab).stdout == "content"


def test_a_share_can_be_read_only_or_full_or_refuse_a_key(healthy_lab):
    machine = healthy_lab.machine
    write = "head -c 4000000 /dev/zero > {}/wrong"

    assert machine.mount("/mnt/read-only", share=READ_ONLY).code == 0
    assert "Permission denied" in machine.run(["sh", "-c", write.format("/mnt/read-only")]).stderr
    assert machine.mount("/mnt/full", share=FULL).code == 0
    assert "No space left" in machine.run(["sh", "-c", write.format("/mnt/full")]).stderr
    assert "mount error(13)" in machine.mount("/mnt/key", key="another").stderr
    assert "mount error(2)" in machine.mount("/mnt/share", share="another").stderr


def test_two_machines_see_each_others_files(healthy_lab):
    second = healthy_lab.add_machine()
    second.run(["sh", "-c", f"echo hello > {CONTENT}/of-second"]).check()
    wait_until(
        lambda: healthy_lab.machine.run(["cat", f"{CONTENT}/of-second"]).stdout == "hello\n",
        "the file of the second machine",
        60,
    )


def test_nothing_is_left_of_a_lab():
    require_lab()
    with Lab(mounts=False) as lab:
        network = Path("/run/netns", lab.network.namespace)
        assert network.exists()
        assert lab.machine.run(["grep", "cifs", "/proc/mounts"]).code == 1
    assert not network.exists()


KILLED = """
import os
from devtools.smb.network import Network
print(Network().__enter__().namespace, flush=True)
os._exit(1)
"""


def test_the_next_lab_removes_the_remains_of_a_killed_one(repository):
    require_lab()
    command = [sys.executable, "-c", KILLED]
    left = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    leftover = Path("/run/netns", left.stdout.strip())
    assert leftover.exists()
    with Network():
        assert not leftover.exists()
