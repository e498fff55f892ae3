"""Finds the plugin's own commands among the arguments of ``kolibri manage``.

Kolibri initializes itself before it looks at a command: it migrates, it waits, and if the database
is down, it ends with a traceback. So the first of the plugin's code that runs replaces the process
by the program of such a command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

#: The options of ``kolibri manage`` that take a value.
WITH_VALUE = ("--settings", "--pythonpath")


def exec_if_requested(command: str, module: str, arguments: Sequence[str]) -> None:
    """Replace this process by a program if the arguments name its command.

    :param module: the program, as for ``python -m``.
    :param arguments: ``sys.argv``.
    """
    words = arguments_of(command, arguments)
    if words is not None:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", module, *words])  # noqa: S606


def arguments_of(command: str, arguments: Sequence[str]) -> list[str] | None:
    """The arguments of ``kolibri manage COMMAND``; None if it is another command."""
    if list(arguments[1:2]) != ["manage"]:
        return None
    words = iter(arguments[2:])
    for word in words:
        if word in WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return list(words) if word == command else None
    return None
