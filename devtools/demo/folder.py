"""The folder that keeps a demo between runs."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

from devtools.state import state_folder

#: Marks a demo's folder, so that `--fresh` never removes other files.
MARKER = "this-is-a-demo"


class FolderError(Exception):
    """The folder can't be used. The text says why, and what to do."""


class DemoFolder:
    """The folders of the demo's parts; create it with :meth:`open`.

    Other users can traverse it, because root's PostgreSQL runs as another user. They can't list it
    or read secrets.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.authority = path / "authority"
        self.azure = path / "azure"
        self.postgres = path / "postgres"
        self.content = path / "content"
        self.drive = path / "drive"
        self.home = path / "home"
        self.environment_file = path / "environment.sh"
        self._lock: IO[str] | None = None

    @classmethod
    def open(cls, path: Path | None = None) -> DemoFolder:
        """Lock the demo's folder until this process ends.

        The default is in the state folder. Raises FolderError.
        """
        folder = cls((path or state_folder() / "demo").absolute())
        folder._claim()
        folder._lock = folder._acquire_lock()
        return folder

    def prepare(self, *, fresh: bool) -> None:
        """Create the folders; with `fresh`, remove everything first."""
        if fresh:
            self._empty()
        for private in (self.home, self.azure):
            private.mkdir(mode=0o700, exist_ok=True)
        self.content.mkdir(exist_ok=True)

    def _claim(self) -> None:
        self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
        marker = self.path / MARKER
        if not marker.exists():
            if any(self.path.iterdir()):
                raise FolderError(
                    f"{self.path} contains files that are not a demo's: name an empty or new folder"
                )
            marker.touch()

    def _acquire_lock(self) -> IO[str]:
        lock = (self.path / MARKER).open("r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise FolderError(
                f"another demo uses {self.path}: stop it, or name another folder with --state and "
                "another port with --port"
            ) from None
        return lock

    def _empty(self) -> None:
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != MARKER:
                entry.unlink()
