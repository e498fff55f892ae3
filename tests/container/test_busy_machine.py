"""A working share does not count as dead on a busy machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

import pytest

from kolibri_azure_plugin.web.health.readiness import MAX_AGE

from .fronts import ask, require_nginx

pytestmark = pytest.mark.slow

#: Seconds of load; a minute in the long form.
SECONDS = float(os.environ.get("KOLIBRI_AZURE_BUSY_SECONDS", "15"))

#: Processes for each processor.
BUSY_PROCESSES = 4

#: Seconds between requests, so that one gets a cached answer and the next does not.
PAUSES = (0.2, MAX_AGE + 0.5)


@contextlib.contextmanager
def busy_machine():
    """Processes that use all the processor time they get."""
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
    require_nginx()
    end = time.monotonic() + SECONDS
    told = []
    with busy_machine():
        while time.monotonic() < end:
            origins = (None, {"Host": web.zipcontent_host})
            told += [ask(web.url, "/azure/health/ready", origin).body for origin in origins]
            time.sleep(PAUSES[len(told) // len(origins) % len(PAUSES)])
    assert {b'"status": "ready"' in each for each in told} == {True}, told
    assert "content is held back" not in web.output
