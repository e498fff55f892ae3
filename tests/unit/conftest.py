"""Puts Kolibri's bundled libraries on the path, as in any process of Kolibri."""

from __future__ import annotations

import os
import tempfile

import pytest

os.environ.setdefault("KOLIBRI_HOME", tempfile.mkdtemp(prefix="kolibri-home-"))

import kolibri  # noqa: F401


class Clock:
    """Goes on only when a test moves it."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock_of(monkeypatch):
    """Gives a module a clock that the test moves, so that nobody waits."""

    def give(module):
        clock = Clock()
        monkeypatch.setattr(module, "time", clock)
        return clock

    return give


def pytest_collection_modifyitems(items):
    """Tests without servers are quick enough to be run on every Python and Kolibri."""
    for item in items:
        if item.path.parent.name == "unit":
            item.add_marker(pytest.mark.essential)
