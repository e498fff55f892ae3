"""Clones of this checkout, for tests that read git or change files in the whole project."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from devtools.address import tracked_files

#: The author of commits in a clone.
GIT_IDENTITY = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")


def make_clone(repository: Path, root: Path) -> Path:
    """The checkout's current files, committed to their own repository."""
    for path in tracked_files(repository):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / path, root / path)
    git(root, "init", "--quiet")
    commit(root, "As it was")
    return root


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    git(root, "add", "--all")
    git(root, *GIT_IDENTITY, "commit", "--quiet", "--message", message)


def git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
