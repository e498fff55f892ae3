"""Becomes the doctor when ``kolibri manage azure_check`` was typed.

Kolibri initializes itself before it looks at the command: it migrates, it waits, and with a
database that is down it ends with a traceback. The first of the plugin's code that runs then asks
here, and the process turns into the doctor's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COMMAND = "azure_check"

#: The options of ``kolibri manage`` that take a value.
WITH_VALUE = ("--settings", "--pythonpath")


def become_the_doctor_if_asked(arguments: Sequence[str]) -> None:
    """Replace this process by the doctor's if these are the arguments for it.

    :param arguments: ``sys.argv``.
    """
    words = doctor_arguments(arguments)
    if words is not None:
        sys.stdout.flush()
        program = [sys.executable, "-m", "kolibri_azure_plugin.doctor", *words]
        os.execv(sys.executable, program)  # noqa: S606


def doctor_arguments(arguments: Sequence[str]) -> list[str] | None:
    """The doctor's arguments among those of a ``kolibri`` command; None if it is another one."""
    if list(arguments[1:2]) != ["manage"]:
        return None
    words = iter(arguments[2:])
    for word in words:
        if word in WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return list(words) if word == COMMAND else None
    return None
