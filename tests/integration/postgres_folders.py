"""Folders for PostgreSQL servers of a test."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devtools.state import state_folder


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the servers' account can reach, unlike pytest's own when root runs it."""
    with tempfile.TemporaryDirectory(prefix="test-", dir=state_folder()) as name:
        Path(name).chmod(0o755)
        yield Path(name)
