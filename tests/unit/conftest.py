"""Clocks that stand still, and the mark of tests that are quick."""

from __future__ import annotations

import pytest


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
