"""Runs examples in a shell that has nothing but stand-ins, and says what they called.

The shell is the real one, because the examples have quotes, loops, pipes and commands within
commands. It finds no program: calls of ``az`` and ``jq`` are written down, and whatever else is
called does nothing, and succeeds.
"""

from __future__ import annotations

import subprocess
import tempfile
import typing
from collections.abc import Mapping
from pathlib import Path

#: What a command within a command answers when it is asked for an id.
OF_GROUP = "/subscriptions/S/resourceGroups/GROUP/providers"

#: Longer than any example: none of them has anything to wait for.
TIMEOUT = 20.0

# What runs another command, such as timeout and sudo, is not there either; the command is called.
STAND_INS = rf"""
# In one write, because the two ends of a pipe are called at once.
write_down() {{ local IFS=$'\037'; printf '%s\037\036' "$*" >> "$CALLS"; }}
az() {{
    write_down az "$@"
    case " $* " in
        *" keyvault show "*[.\ ]id\ *) echo {OF_GROUP}/Microsoft.KeyVault/vaults/VAULT ;;
        *" --query"*[.\ ]id\ *) echo {OF_GROUP}/Microsoft.Storage/storageAccounts/ACCOUNT ;;
        *) echo answer ;;
    esac
}}
jq() {{ write_down jq "$@"; }}
kill() {{ :; }}
command_not_found_handle() {{
    while [ $# -gt 0 ] && [ "$1" != az ]; do shift; done
    [ $# = 0 ] || "$@"
}}
"""


class Call(typing.NamedTuple):
    """A call of a program.

    :param words: what follows the program's name.
    """

    program: str
    words: tuple[str, ...]


def calls(script: str, environment: Mapping[str, str] | None = None) -> list[Call]:
    """What a script calls, in its order.

    :param environment: variables that the script expects.
    :raises subprocess.TimeoutExpired: when it waits for something.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "calls")
        written.touch()
        subprocess.run(
            ["/bin/bash", "-c", f"{STAND_INS}{script}\nwait"],
            cwd=folder,
            env={**(environment or {}), "PATH": folder, "CALLS": str(written)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        lines = written.read_text("utf-8").split("\036")[:-1]
    records = [line.split("\037")[:-1] for line in lines]
    return [Call(program, tuple(words)) for program, *words in records]
