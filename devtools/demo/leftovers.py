"""What an earlier demo left running because it was killed."""

from __future__ import annotations

from devtools.demo.folder import DemoFolder
from devtools.demo.narration import step
from devtools.kolibri_process import Kolibri
from devtools.postgres.leftovers import stop_leftover


def end_leftovers(folder: DemoFolder) -> None:
    """Stop the Kolibri and the PostgreSQL that still run on this folder, if any do."""
    # Kolibri removes the file when it ends.
    if (folder.home / "server.pid").exists():
        with step("Kolibri: stopping the one that an earlier demo left running"):
            Kolibri(folder.home).run("stop")
    stop_leftover(folder.postgres / "data")
