"""Finds the container's other files: nginx's templates and s6's services."""

from __future__ import annotations

import os
from pathlib import Path

#: The entrypoint sets it to its own folder.
VARIABLE = "KOLIBRI_CONTAINER_FILES"


def folder() -> Path:
    """The entrypoint's folder; without an entrypoint, the one in the checkout."""
    return Path(os.environ.get(VARIABLE) or Path(__file__).parents[2] / "docker")
