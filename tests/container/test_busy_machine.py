"""A share that works is not called dead because the machine has much else to do."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

import pytest

from kolibri_azure_plugin.health.readiness import FRESH

from .fronts import ask, need_nginx

pytestmark = pytest.mark.slow

#: How long it is busy; a minute in the long form.
SECONDS = float(os.environ.get("KOLIBRI_AZURE_BUSY_SECONDS", "15"))

#: Of each processor.
BUSY_PROCESSES = 4

#: Between two questions, so that one is answered by what was found out before, and the next is not.
PAUSES = (0.2, FRESH + 0.5)


@contextlib.contextmanager
def busy_machine():
    """Processes that take all the time that they get."""
    begun = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(BUSY_PROCESSES * (os.cpu_count() or 1))
    ]
    try:
        yield
    finally:
        for process in begun:
            process.kill()
            process.wait()


def test_a_healthy_share_stays_ready_on_a_busy_machine(web):
    need_nginx()
    end = time.monotonic() + SECONDS
    told = []
    with busy_machine():
        while time.monotonic() < end:
            origins = (None, {"Host": web.zipcontent_host})
            told += [ask(web.url, "/azure/health/ready", origin).body for origin in origins]
            time.sleep(PAUSES[len(told) // len(origins) % len(PAUSES)])
    assert {b'"status": "ready"' in each for each in told} == {True}, told
    assert "content is held back" not in web.output
