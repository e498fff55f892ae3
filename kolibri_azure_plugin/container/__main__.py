"""Starts the container in a mode: ``python -m kolibri_azure_plugin.container [MODE]``.

docs/container.md describes the modes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from kolibri_azure_plugin.container import configuration, logs, supervision
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from kolibri_azure_plugin.errors.redaction import redact

CHECK = "check"

#: Restores a backup unless that was done already, then starts as usual: the way back to an older
#: image, which refuses to start on a database that a newer one has upgraded.
RESTORE = "restore"


def main(words: list[str]) -> NoReturn:
    """Replace this process by the supervisor of a mode's parts, or by any other command."""
    mode = words[0] if words else supervision.WEB
    if mode == RESTORE:
        _restore(words[1:])
        mode = supervision.WEB
    try:
        found = configuration.find(os.environ)
    except KolibriAzureError as error:
        _print_error(error)
        if mode in supervision.PARTS:
            raise SystemExit(EXIT_CODE) from None
    else:
        os.environ.update(configuration.environment(found))
        if mode in supervision.PARTS:
            _supervise(mode, found)
    if mode == CHECK:
        _exec([sys.executable, "-m", "kolibri_azure_plugin.doctor", *words[1:]])
    _exec(words)


def _restore(words: list[str]) -> None:
    program = [sys.executable, "-m", "kolibri_azure_plugin.facility_data.backups"]
    if subprocess.run([*program, "restore", *words, "--replace", "--once"], check=False).returncode:
        raise SystemExit(EXIT_CODE)


def _supervise(mode: str, found: configuration.Configuration) -> NoReturn:
    logs.configure()
    try:
        command = supervision.prepare(mode, found)
    except KolibriAzureError as error:
        _print_error(error)
        raise SystemExit(EXIT_CODE) from None
    # Without it, the allocator keeps a reserve for each thread of a part.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    _exec(command)


def _print_error(error: KolibriAzureError) -> None:
    sys.stderr.write(f"{redact(error.instructions())}\n")


def _exec(command: list[str]) -> NoReturn:
    """Replace this process by a program; exits like a shell if there is no such program."""
    try:
        os.execvp(command[0], command)  # noqa: S606
    except FileNotFoundError:
        sys.stderr.write(f"{command[0]}: not found\n")
        raise SystemExit(127) from None
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        raise SystemExit(126) from None


if __name__ == "__main__":
    main(sys.argv[1:])
