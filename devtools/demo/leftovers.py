"""Processes left running by an earlier demo that was killed."""

from __future__ import annotations

from devtools.demo.folder import DemoFolder
from devtools.demo.narration import step
from devtools.kolibri_process import Kolibri
from devtools.postgres.leftovers import stop_leftover


def stop_leftovers(folder: DemoFolder) -> None:
    """Stop any Kolibri and PostgreSQL that still use this folder."""
    # Kolibri removes the file when it ends.
    if (folder.home / "server.pid").exists():
        with step("Kolibri: stopping the one that an earlier demo left running"):
            Kolibri(folder.home).run("stop")
    stop_leftover(folder.postgres / "data")
