"""The folder in KOLIBRI_HOME where moving in keeps its lock, its progress and the copy.

Nothing in it is served: Kolibri serves only the content and media folders.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator

NAME = "moving_in"

#: The beginning of the names of temporary folders.
SCRATCH = "work-"


class Folder:
    """The folder, made when it is missing.

    :param kolibri_home: KOLIBRI_HOME.
    """

    def __init__(self, kolibri_home: str) -> None:
        self.path = os.path.join(kolibri_home, NAME)
        os.makedirs(self.path, mode=0o700, exist_ok=True)

    @property
    def progress(self) -> str:
        """The lines that the work writes."""
        return os.path.join(self.path, "progress.jsonl")

    @property
    def output(self) -> str:
        """Kolibri's log of the work."""
        return os.path.join(self.path, "output.log")

    @contextlib.contextmanager
    def claimed(self) -> Iterator[bool]:
        """Hold the lock of the work; True if no other process of this home does."""
        with open(self._lock, "a", encoding="utf-8") as lock:
            yield _try(lock.fileno(), fcntl.LOCK_EX)

    def is_claimed(self) -> bool:
        """True while the work runs in any process of this home."""
        with open(self._lock, "a", encoding="utf-8") as lock:
            return not _try(lock.fileno(), fcntl.LOCK_SH)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[str]:
        """An empty folder, removed afterwards. Removes those of works that were killed."""
        for entry in os.scandir(self.path):
            if entry.name.startswith(SCRATCH):
                shutil.rmtree(entry.path, ignore_errors=True)
        made = tempfile.mkdtemp(prefix=SCRATCH, dir=self.path)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @property
    def _lock(self) -> str:
        return os.path.join(self.path, "lock")


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
