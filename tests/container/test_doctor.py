"""The doctor is a part of its own: nothing that serves knows of it, and nothing ends with it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from devtools.descendants import command_line, descendants
from tests.container.test_supervision import MOST_DEATHS

pytestmark = pytest.mark.slow

OUTCOMES = "kolibri_azure_plugin.doctor"

#: Seconds that a round may take on a machine that does other things as well.
PLENTY = 90

AS_JSON = {"KOLIBRI_AZURE_LOG_FORMAT": "json", "KOLIBRI_AZURE_CHECK_INTERVAL": "2"}


def outcomes(container):
    lines = [line for line in container.output.splitlines() if line.startswith("{")]
    return [event for event in map(json.loads, lines) if event["logger"] == OUTCOMES]


def wait_for_a_round(container):
    container.wait_until(
        lambda: any(event["check"] == "azure.platform.time_zone" for event in outcomes(container)),
        "a round",
        PLENTY,
    )


def doctors(container):
    """The processes that examine, without the one that has them begin."""
    below = descendants(container.parts()["doctor"])
    return {pid for pid in below if "kolibri_azure_plugin.doctor " in command_line(pid)}


def test_web_examines_both_and_what_serves_has_no_part_in_it(start):
    web = start(**AS_JSON)
    web.wait_until_ready()
    # One after the other, each in a process of its own.
    web.wait_until(
        lambda: {event["scope"] for event in outcomes(web)} == {"instance", "deployment"},
        "a round about each",
        PLENTY,
    )

    seen = set()

    def a_doctor_at_work():
        seen.update(doctors(web))
        return seen

    web.wait_until(a_doctor_at_work, "the next round", PLENTY)
    parts = web.parts()
    for part in set(parts) - {"doctor"}:
        own = {parts[part], *descendants(parts[part])}
        assert not [pid for pid in own if "kolibri_azure_plugin.doctor" in command_line(pid)], part
    assert web.stop() == 0
    assert web.processes() == set()


def test_a_stop_ends_a_doctor_that_is_at_work(start, azure):
    web = start(**AS_JSON)
    web.wait_until_ready()
    azure.fail("vault", "hang")
    web.wait_until(lambda: doctors(web), "a doctor that waits for the vault", PLENTY)

    assert web.stop() == 0
    assert web.processes() == set()


def test_zipcontent_examines_its_instance_alone_and_knows_no_secret(start):
    container = start("zipcontent", **AS_JSON)
    container.wait_until_ready()
    wait_for_a_round(container)

    assert {event["scope"] for event in outcomes(container)} == {"instance"}
    assert not [event for event in outcomes(container) if event["status"] == "fail"]
    environment = Path(f"/proc/{container.parts()['doctor']}/environ").read_bytes()
    assert b"IDENTITY_HEADER=" not in environment
    assert b"KOLIBRI_AZURE_KEY_VAULT_URL=" not in environment


def test_no_doctor_runs_where_the_interval_is_0(start):
    web = start(KOLIBRI_AZURE_CHECK_INTERVAL="0")
    web.wait_until_ready()
    assert "doctor" not in web.parts()


def test_a_doctor_that_keeps_dying_ends_nothing_else(web):
    app = web.parts()["app"]
    for _ in range(MOST_DEATHS + 1):
        killed = web.parts()["doctor"]
        os.kill(killed, signal.SIGKILL)
        web.wait_until(
            lambda killed=killed: web.parts().get("doctor", killed) != killed, "another", PLENTY
        )
    assert web.output.count("doctor has ended by signal 9, and is started again.") > MOST_DEATHS
    assert web.is_ready()
    assert web.parts()["app"] == app
