"""Stopped clocks, hanging probes, and the mark of quick tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.hung_probes import HungProbes


class Clock:
    """A clock that moves only when a test moves it."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock_of(monkeypatch):
    """Give a module a clock that the test moves, so that no test waits."""

    def give(module):
        clock = Clock()
        monkeypatch.setattr(module, "time", clock)
        return clock

    return give


@pytest.fixture
def hangs(tmp_path):
    """Start a process that looks like an earlier probe of a folder, still running."""
    hung = HungProbes(tmp_path / "notes.json")
    probe.track_hung_probes(hung)
    begun = []

    def begin(folder):
        forever = (sys.executable, "-c", "import sys; sys.stdin.read()")
        process = subprocess.Popen(forever, stdin=subprocess.PIPE)
        begun.append(process)
        hung.note(folder, process.pid)
        return process

    yield begin
    probe.track_hung_probes(None)
    for process in begun:
        process.communicate()


def pytest_collection_modifyitems(items):
    """Tests without servers are quick enough to run on every Python and Kolibri."""
    for item in items:
        if item.path.parent.name == "unit":
            item.add_marker(pytest.mark.essential)
