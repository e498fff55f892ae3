"""Ends the process when the plugin can't do its work.

Kolibri logs and swallows every ``Exception`` of a plugin's hook, and would go on with an empty
SQLite database and a public setup wizard (0.19.5, plugins/__init__.py, ``_return_module``). A
``SystemExit`` it lets through.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator

from kolibri_azure_plugin.errors import TROUBLESHOOTING_PAGE, KolibriAzureError
from kolibri_azure_plugin.redaction import redact
from kolibri_azure_plugin.settings_table import is_true

#: EX_CONFIG of sysexits.h: to start again at once would not help, and a supervisor can tell by it.
EXIT_CODE = 78

#: Names a file that gets the message in place of stderr. A supervisor prints it when all else has
#: ended, so that nothing that runs beside this process comes after it.
LAST_WORDS = "KOLIBRI_AZURE_LAST_WORDS"


@contextlib.contextmanager
def fail_closed() -> Iterator[None]:
    """Turn any error into the end of the process, with what to do about it on stderr."""
    try:
        yield
    except KolibriAzureError as error:
        _end(error.instructions())
    except Exception as error:  # noqa: BLE001
        _end(
            f"The plugin failed in a way that it does not know: {type(error).__name__}: {error}\n"
            "  to mend it: run the same command with KOLIBRI_DEBUG=True, and report what it shows\n"
            f"  more:       {TROUBLESHOOTING_PAGE}#unexpected"
        )


def _end(message: str) -> None:
    if is_true(os.environ.get("KOLIBRI_DEBUG", "")):
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
