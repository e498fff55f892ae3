"""The doctor is a separate part: the serving parts do not depend on it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from devtools.descendants import command_line, descendants
from kolibri_azure_plugin.container.nginx import REQUESTS
from tests.container.test_supervision import MAX_DEATHS

pytestmark = pytest.mark.slow

OUTCOMES = "kolibri_azure_plugin.doctor"

#: Seconds for a round on a busy machine.
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
    """The examining processes, without the one that starts them."""
    below = descendants(container.parts()["doctor"])
    return {pid for pid in below if "kolibri_azure_plugin.doctor " in command_line(pid)}


def test_web_examines_both_outside_the_serving_processes(start):
    web = start(**AS_JSON)
    web.wait_until_ready()
    # One after the other, each in its own process.
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
    assert web.orphans() == set()


def test_a_stop_ends_a_doctor_that_is_at_work(start, azure):
    web = start(**AS_JSON)
    web.wait_until_ready()
    azure.fail("vault", "hang")
    web.wait_until(lambda: doctors(web), "a doctor that waits for the vault", PLENTY)

    assert web.stop() == 0
    assert web.orphans() == set()


def test_zipcontent_examines_its_instance_alone_and_knows_no_secret(start):
    container = start("zipcontent", **AS_JSON)
    container.wait_until_ready()
    wait_for_a_round(container)

    assert {event["scope"] for event in outcomes(container)} == {"instance"}
    assert not [event for event in outcomes(container) if event["status"] == "fail"]
    environment = Path(f"/proc/{container.parts()['doctor']}/environ").read_bytes()
    assert b"IDENTITY_HEADER=" not in environment
    assert b"KOLIBRI_AZURE_KEY_VAULT_URL=" not in environment


def test_no_doctor_runs_where_the_interval_is_0_and_nothing_is_recorded(start):
    container = start("zipcontent", KOLIBRI_AZURE_CHECK_INTERVAL="0")
    container.wait_until_ready()
    assert "doctor" not in container.parts()
    assert not (container.run / "nginx" / REQUESTS).exists()


def test_a_doctor_that_keeps_dying_ends_nothing_else(web):
    app = web.parts()["app"]
    for _ in range(MAX_DEATHS + 1):
        killed = web.parts()["doctor"]
        os.kill(killed, signal.SIGKILL)
        web.wait_until(
            lambda killed=killed: web.parts().get("doctor", killed) != killed, "another", PLENTY
        )
    assert web.output.count("doctor has ended by signal 9, and is started again.") > MAX_DEATHS
    web.wait_until_ready()
    assert web.parts()["app"] == app
