"""The account that PostgreSQL runs under.

PostgreSQL refuses to run as root. If root starts it, it runs under an unprivileged account;
otherwise it runs as the current user.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

PREFERRED = ("postgres", "nobody")


class Account:
    """Runs programs, and owns the files that they need."""

    def __init__(self, entry: pwd.struct_passwd | None) -> None:
        """`entry` is None for this process's user."""
        self._entry = entry

    @classmethod
    def for_servers(cls) -> Account:
        if os.getuid() != 0:
            return cls(None)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        for name in PREFERRED:
            if name in known:
                return cls(known[name])
        raise LookupError(
            "PostgreSQL does not run as root, and this machine has no account "
            f"{' or '.join(PREFERRED)} to run it under: run this as an ordinary user"
        )

    @property
    def name(self) -> str:
        return self._entry.pw_name if self._entry else pwd.getpwuid(os.getuid()).pw_name

    def start(self, command: Sequence[str | Path], log: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start `command` in a new session, so that Ctrl-C in the terminal does not reach it."""
        as_account = self._entry is not None
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_plain_environment(),
            start_new_session=True,
            user=self._entry.pw_uid if self._entry else None,
            group=self._entry.pw_gid if self._entry else None,
            extra_groups=[] if as_account else None,
        )

    def run(self, command: Sequence[str | Path]) -> tuple[int, str]:
        """Run `command` to its end; return its exit code and output."""
        process = self.start(command, subprocess.PIPE)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output.decode(errors="replace")

    def can_enter(self, folder: Path) -> bool:
        """Whether programs of this account can reach files in `folder`."""
        return self.run(["test", "-x", folder])[0] == 0

    def own(self, path: Path) -> None:
        """Give `path` to this account, with access for no other user."""
        if self._entry:
            os.chown(path, self._entry.pw_uid, self._entry.pw_gid)
        path.chmod(0o700 if path.is_dir() else 0o600)


def _plain_environment() -> dict[str, str]:
    """The environment without PG* variables, and with English messages, because they are parsed."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
