"""Installs packages that no test environment has: another Kolibri, other plugins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: pip's messages without an index.
UNREACHABLE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Cannot connect to proxy",
)


def install(folder: Path, packages: list[str], *options: str) -> None:
    """Install the packages in the folder with pip; without an index, skip the test."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
    done = subprocess.run(
        [*command, *options, *packages], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    if any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip(f"pip reaches no package index for {', '.join(packages)}")
    pytest.fail(f"pip can't install {', '.join(packages)}:\n{done.stderr}")
