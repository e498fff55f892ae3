"""Ends the process when the plugin can't do its work.

Kolibri logs and ignores every ``Exception`` of a plugin's hook, and would continue with an empty
SQLite database and a public setup wizard (0.19.5, plugins/__init__.py, ``_return_module``). It lets
a ``SystemExit`` through.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator

from kolibri_azure_plugin.errors import TROUBLESHOOTING_PAGE, KolibriAzureError
from kolibri_azure_plugin.errors.debugging import debug_is_on
from kolibri_azure_plugin.errors.redaction import redact

#: EX_CONFIG of sysexits.h. It tells a supervisor that starting again at once would not help.
EXIT_CODE = 78

#: Names a file for the message, instead of stderr. A supervisor prints it after all other processes
#: have ended, so the message is the last in the log.
LAST_WORDS = "KOLIBRI_AZURE_LAST_WORDS"


@contextlib.contextmanager
def fail_closed() -> Iterator[None]:
    """End the process on any error, with instructions on stderr."""
    try:
        yield
    except KolibriAzureError as error:
        _end(error.instructions())
    except Exception as error:  # noqa: BLE001
        _end(
            f"The plugin failed unexpectedly: {type(error).__name__}: {error}\n"
            "  fix:        run the same command with KOLIBRI_DEBUG=True, and report what it shows\n"
            f"  more:       {TROUBLESHOOTING_PAGE}#unexpected"
        )


def _end(message: str) -> None:
    if debug_is_on():
        message = f"{traceback.format_exc()}\n{message}"
    _say(f"Kolibri on Azure does not start.\n{redact(message)}")
    raise SystemExit(EXIT_CODE)


def _say(message: str) -> None:
    path = os.environ.get(LAST_WORDS)
    if path:
        with contextlib.suppress(OSError), open(path, "w", encoding="utf-8") as file:
            file.write(f"{message}\n")
            return
    print(message, file=sys.stderr, flush=True)
