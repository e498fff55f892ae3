"""The commands that docs/sync.md prints, typed as they stand there."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from devtools.kolibri_process import CommandFailedError, Kolibri
from devtools.syncing.school import LINES_SHOWN, SYNC_SECONDS

PAGE = Path(__file__).parents[2] / "docs" / "sync.md"
SITE = "https://NAME.azurewebsites.net"
PROGRAM = "kolibri manage "


def commands() -> list[str]:
    """Each command of Kolibri's on the page, in its order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.startswith(f"    {PROGRAM}")]


def type_command(kolibri: Kolibri, command: str, *answers: str, **words: str) -> str:
    """Type a command of the page, with `words` in place of those in capitals.

    :param answers: to what it asks, in order.
    :returns: its output.
    """
    for word, value in words.items():
        command = command.replace(word, value)
    finished = subprocess.run(
        [str(kolibri.python), "-m", *shlex.split(command)],
        env=kolibri.environment,
        cwd=kolibri.home,
        input="".join(f"{answer}\n" for answer in answers),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SYNC_SECONDS,
        # Without a terminal, passwords are read from where the answers come from.
        start_new_session=True,
        check=False,
    )
    if finished.returncode:
        said = "\n".join(finished.stdout.splitlines()[-LINES_SHOWN:])
        raise CommandFailedError(f"{command} failed:\n{said}")
    return finished.stdout
