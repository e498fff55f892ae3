"""The modes of the container: ``python -m kolibri_container [MODE]``, as docs/container.md says."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.fail_closed import EXIT_CODE
from kolibri_azure_plugin.redaction import redact
from kolibri_container import configuration, logs, supervision

CHECK = "check"


def main(words: list[str]) -> NoReturn:
    """Become the supervisor of a mode's parts, or any other command."""
    mode = words[0] if words else supervision.WEB
    try:
        found = configuration.find(os.environ)
    except KolibriAzureError as error:
        _complain(error)
        if mode in supervision.PARTS:
            raise SystemExit(EXIT_CODE) from None
    else:
        os.environ.update(configuration.environment(found))
        if mode in supervision.PARTS:
            _supervise(mode, found)
    if mode == CHECK:
        _become([sys.executable, "-m", "kolibri_azure_plugin.doctor", *words[1:]])
    _become(words)


def _supervise(mode: str, found: configuration.Configuration) -> NoReturn:
    logs.configure()
    try:
        command = supervision.prepare(mode, found, os.environ)
    except KolibriAzureError as error:
        _complain(error)
        raise SystemExit(EXIT_CODE) from None
    _become(command)


def _complain(error: KolibriAzureError) -> None:
    sys.stderr.write(f"{redact(error.instructions())}\n")


def _become(command: list[str]) -> NoReturn:
    """Put a program in the place of this process; a shell's exit codes where there is none."""
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
