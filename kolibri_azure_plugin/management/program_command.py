"""A command that is also a program of its own, for when Django can't be set up.

Typed in a shell, such a command does not get here: kolibri_options.py starts its program earlier.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand


class ProgramCommand(BaseCommand):
    """Runs a module of the plugin as a separate process, with the command's words.

    :cvar program: the module's name.
    """

    program: str

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(self._run(argv[2:]))

    def handle(self, *words: str, **_options: Any) -> None:
        sys.exit(self._run(list(words)))

    def _run(self, words: list[str]) -> int:
        return subprocess.run([sys.executable, "-m", self.program, *words], check=False).returncode
