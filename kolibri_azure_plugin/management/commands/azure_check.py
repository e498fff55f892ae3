"""``kolibri manage azure_check`` where Django is set up already, and in ``kolibri manage help``.

Typed in a shell, the command never gets here: doctor/handover.py has become the doctor before.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand

from kolibri_azure_plugin.doctor import arguments


class Command(BaseCommand):
    """Runs the doctor as a process of its own."""

    help = arguments.parser().description

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(self._run(argv[2:]))

    def handle(self, *words: str, **_options: Any) -> None:
        sys.exit(self._run(list(words)))

    def _run(self, words: list[str]) -> int:
        program = [sys.executable, "-m", "kolibri_azure_plugin.doctor", *words]
        return subprocess.run(program, check=False).returncode
