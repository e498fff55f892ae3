"""The folder that keeps a demo between its runs."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

from devtools.state import state_folder

#: Tells a demo's folder from any other, so that `--fresh` never removes somebody's files.
MARKER = "this-is-a-demo"


class FolderError(Exception):
    """The folder can't be used; the text says why, and what to do."""


class DemoFolder:
    """Where each part of the demo keeps its files; made with :meth:`open`.

    Others may pass through it, because PostgreSQL runs as another user when root starts it, but
    neither list it nor read what is secret.
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
        """The demo's folder, for this process only until it ends.

        By default it lies in the folder for state. Raises FolderError.
        """
        folder = cls((path or state_folder() / "demo").absolute())
        folder._claim()
        folder._lock = folder._only_user()
        return folder

    def prepare(self, *, fresh: bool) -> None:
        """Make what has to be there; with `fresh` remove everything first."""
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
                    f"{self.path} holds other things than a demo: name an empty or absent folder"
                )
            marker.touch()

    def _only_user(self) -> IO[str]:
        lock = (self.path / MARKER).open("r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise FolderError(
                f"another demo runs on {self.path}: end that one, or name another folder "
                "with --state and another port with --port"
            ) from None
        return lock

    def _empty(self) -> None:
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != MARKER:
                entry.unlink()
