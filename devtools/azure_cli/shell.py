"""Runs examples in a shell that has only stand-ins, and records their calls.

It is a real shell, because the examples have quotes, loops, pipes and command substitutions. It
finds no programs: it records calls of ``az`` and ``jq``, and any other call succeeds without doing
anything.
"""

from __future__ import annotations

import subprocess
import tempfile
import typing
from collections.abc import Mapping
from pathlib import Path

#: The output of a command substitution that queries an id.
OF_GROUP = "/subscriptions/S/resourceGroups/GROUP/providers"

#: Longer than any example, because none waits for anything.
TIMEOUT = 20.0

# Wrappers such as timeout and sudo do not exist either; their command is called directly.
STAND_INS = rf"""
# In one write, because both ends of a pipe run at once.
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

    :param words: the arguments.
    """

    program: str
    words: tuple[str, ...]


def calls(script: str, environment: Mapping[str, str] | None = None) -> list[Call]:
    """The calls of a script, in order.

    :param environment: variables that the script expects.
    :raises subprocess.TimeoutExpired: if it waits for something.
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
