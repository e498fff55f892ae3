"""The doctor tells the faults of a share apart, with the real SMB client."""

from __future__ import annotations

import json
import re
import sys

import pytest

from devtools.deadline import wait_until
from devtools.smb.machine import CONTENT, REPOSITORY
from tests.smb_lab import RUNS_ALONE

pytestmark = [pytest.mark.slow, pytest.mark.smb, RUNS_ALONE]

#: Seconds for a virtual machine on a busy machine.
PATIENCE = 600

FULL, READ_ONLY, ELSEWHERE = "/mnt/full", "/mnt/read-only", "/mnt/elsewhere"

#: The client notices a full share when it closes a file; an endless file would fill its memory.
FILL = (
    "for part in 4M 512K 64K 16K 4K 4K 4K 1K; do head -c $part /dev/zero > rest-$part; done; sync"
)


@pytest.fixture
def examine(healthy_lab):
    """The outcome of the doctor's check of a share."""

    def look(check, mount=CONTENT, **settings):
        environment = {
            "PYTHONPATH": str(REPOSITORY),
            "KOLIBRI_HOME": "/root/doctor",
            "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
            "KOLIBRI_AZURE_CONTENT_MOUNT": mount,
            **settings,
        }
        command = [sys.executable, "-m", "kolibri_azure_plugin.doctor", "--format", "json"]
        command += ["--unhurried", "--only", f"azure.content.{check}"]
        ended = healthy_lab.machine.run(command, env=environment, timeout=PATIENCE)
        checks = json.loads(ended.stdout)["checks"]
        return next(each for each in checks if each["id"] == f"azure.content.{check}")

    return look


def show(counts, fault, outcome):
    counts(f"{fault}: {outcome['message']} ({outcome.get('cause', 'well')})")


def mount(lab, point, name):
    """Mount a share. A client that has just lost its server refuses for a moment."""
    wait_until(
        lambda: lab.machine.mount(point, share=name).code == 0, f"{name} to be mounted", PATIENCE
    )


def spoil(lab, examine, fault):
    """Cause a fault, and wait until the share fails."""
    fault(lab.server)
    return wait_until(
        lambda: (outcome := examine("access"))["status"] == "fail" and outcome,
        "the share to fail",
        PATIENCE,
    )


@pytest.mark.parametrize(
    ("fault", "message", "cause"),
    [
        ("kill", "refuses connections", "port 445, refuses connections"),
        ("unplug", "is gone", "port 445, does not answer"),
        ("pause", "hangs", "port 445, accepts connections"),
    ],
)
def test_the_doctor_tells_apart(fault, message, cause, healthy_lab, examine, counts):
    outcome = spoil(healthy_lab, examine, lambda server: getattr(server, fault)())

    show(counts, fault, outcome)
    assert outcome["message"].endswith(f"{message}.")
    assert cause in outcome["cause"]


def test_the_doctor_knows_a_key_that_was_changed(healthy_lab, examine, counts):
    outcome = spoil(healthy_lab, examine, lambda server: server.change_key())

    show(counts, "key changed", outcome)
    assert outcome["message"].endswith("no longer lets Kolibri in.")
    assert "--access-key" in outcome["remedy"]
    healthy_lab.machine.unmount()
    mount(healthy_lab, CONTENT, "content")


def test_the_doctor_knows_a_share_that_can_not_be_written(healthy_lab, examine, counts):
    mount(healthy_lab, READ_ONLY, "read-only")

    outcome = examine("access", READ_ONLY)

    show(counts, "read-only", outcome)
    assert outcome["message"].endswith("can be read, but not written to.")


def test_the_doctor_knows_a_share_that_is_nearly_full_and_one_that_is(healthy_lab, examine, counts):
    mount(healthy_lab, FULL, "full")
    nearly = examine("space", FULL)
    healthy_lab.machine.run(["sh", "-c", FILL], cwd=FULL, timeout=PATIENCE)

    full = examine("access", FULL)

    show(counts, "nearly full", nearly)
    show(counts, "full", full)
    assert nearly["status"] == "warn"
    assert full["message"].endswith("is full.")


@pytest.mark.parametrize(
    ("mistake", "number", "reason"),
    [
        ({"key": "wrong"}, "13", "a wrong key (mount error 13), or a wrong share name (2)"),
        ({"share": "no-such"}, "2", "a wrong key (mount error 13), or a wrong share name"),
        ({}, "11[0-9]", "no route to the server (mount error 112 or 115)"),
    ],
    ids=["wrong key", "wrong name", "no server"],
)
def test_the_doctor_says_why_a_share_can_not_be_mounted(
    mistake, number, reason, healthy_lab, examine, counts
):
    if not mistake:
        healthy_lab.server.kill()
    mounted = wait_until(
        lambda: (
            (tried := healthy_lab.machine.mount(ELSEWHERE, **mistake))
            and re.search(rf"mount error\({number}\)", tried.stderr)
            and tried
        ),
        f"mount error {number}: a client that has just lost its server says 112 first",
        PATIENCE,
    )
    account = f"{healthy_lab.server.address}/content"

    outcome = examine("mount", ELSEWHERE, KOLIBRI_AZURE_CONTENT_SHARE=account)

    counts(re.findall(r"mount error\(.*", mounted.stderr)[0])
    show(counts, f"mount error {number}", outcome)
    assert reason in outcome["cause"]
