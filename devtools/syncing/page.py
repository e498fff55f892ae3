"""Runs the commands in docs/sync.md exactly as documented."""

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
    """Each Kolibri command on the page, in order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.startswith(f"    {PROGRAM}")]


def run_documented_command(kolibri: Kolibri, command: str, *answers: str, **words: str) -> str:
    """Run a command of the page, with `words` in place of those in capitals.

    :param answers: the answers to its questions, in order.
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
        # Without a terminal, it reads passwords from standard input too.
        start_new_session=True,
        check=False,
    )
    if finished.returncode:
        said = "\n".join(finished.stdout.splitlines()[-LINES_SHOWN:])
        raise CommandFailedError(f"{command} failed:\n{said}")
    return finished.stdout
