"""The folder that keeps servers and downloaded programs between runs."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "DEVTOOLS_STATE"


def state_folder() -> Path:
    """This user's folder, created if absent.

    It is in /var/tmp, even for root: PostgreSQL refuses to run as root, and the account that it
    runs under instead can't enter a home folder such as /root. The environment variable
    DEVTOOLS_STATE selects another folder.
    """
    chosen = os.environ.get(VARIABLE)
    folder = Path(chosen).absolute() if chosen else Path(f"/var/tmp/kolibri-azure-{os.getuid()}")
    folder.mkdir(mode=0o755, parents=bool(chosen), exist_ok=True)
    _refuse_another_owner(folder)
    return folder


@contextmanager
def exclusive_lock(job: str) -> Iterator[None]:
    """Run a `with` block of this name in only one process of this user at a time."""
    with (state_folder() / f"{job}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refuse_another_owner(folder: Path) -> None:
    """Refuse a folder of another user, because programs are run from it."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(
            f"{folder} should be a folder of user {os.getuid()}, but it belongs to user "
            f"{found.st_uid} or is no folder: remove it, or set {VARIABLE} to a folder of your own"
        )
    if found.st_mode & stat.S_IWOTH:
        raise PermissionError(f"{folder} can be written to by others: chmod o-w {folder}")
