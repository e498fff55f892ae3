"""Clones of this checkout, for what reads git or changes files all over the project."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from devtools.address import tracked_files

#: Whoever commits to a clone.
NOBODY = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")


def make_clone(repository: Path, root: Path) -> Path:
    """The files of the checkout as they are now, committed to a repository of their own."""
    for path in tracked_files(repository):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / path, root / path)
    git(root, "init", "--quiet")
    commit(root, "As it was")
    return root


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    git(root, "add", "--all")
    git(root, *NOBODY, "commit", "--quiet", "--message", message)


def git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
