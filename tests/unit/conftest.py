"""Puts Kolibri's bundled libraries on the path, as in any process of Kolibri."""

from __future__ import annotations

import os
import tempfile

import pytest

os.environ.setdefault("KOLIBRI_HOME", tempfile.mkdtemp(prefix="kolibri-home-"))

import kolibri  # noqa: F401


def pytest_collection_modifyitems(items):
    """Tests without servers are quick enough to be run on every Python and Kolibri."""
    for item in items:
        if item.path.parent.name == "unit":
            item.add_marker(pytest.mark.essential)
