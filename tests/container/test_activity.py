"""The whole container records its requests, and itself."""

from __future__ import annotations

import contextlib
import os
import signal

import psycopg2
import pytest
import requests

from devtools.deadline import wait_until
from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.instances.activity import minutes, presence

pytestmark = pytest.mark.slow

#: Seconds until a minute is stored, on a busy machine.
PLENTY = 180

VISITS = 5
PAGE = "/en/auth/"


def test_requests_are_recorded_also_while_the_doctor_is_restarted(start, provisioned):
    """Without its rounds, which would take time."""
    web = start(KOLIBRI_AZURE_CHECK_INTERVAL="0")
    web.wait_until_ready()
    session = psycopg2.connect(provisioned.database_url)
    session.autocommit = True
    state = State(session)

    def visit():
        for _ in range(VISITS):
            requests.get(web.url + PAGE, timeout=60)

    def recorded():
        pages = [each.value.get("pages", {}) for each in minutes.read(state)]
        return sum(each.get(f"GET {PAGE}", [0])[0] for each in pages)

    with contextlib.closing(session):
        visit()
        wait_until(lambda: recorded() == VISITS, "the first requests", PLENTY)
        (own,) = presence.read(state)
        assert own.role == "web"
        assert any("learners_week" in each.value for each in minutes.read(state))

        killed = web.parts()["doctor"]
        os.kill(killed, signal.SIGKILL)
        web.wait_until(lambda: "doctor has ended by signal 9" in web.output, "its end", PLENTY)
        visit()
        wait_until(lambda: recorded() == 2 * VISITS, "the requests meanwhile", PLENTY)
        (again,) = presence.read(state)
        assert abs((again.since - own.since).total_seconds()) < 1

        assert web.stop() == 0
        assert "requests.log" not in web.output
