"""Kills a start right before one of its statements, with modules/statement_killer."""

from __future__ import annotations

import os
from pathlib import Path

from devtools.fleet import Fleet

MODULES = Path(__file__).parent / "modules"


def statements_file(fleet: Fleet) -> Path:
    """The file with a line for each counted statement of all starts with these settings."""
    return fleet.folder / "statements"


def killed_before(
    fleet: Fleet, at: int, *, beginning: str = "", parameter: str = ""
) -> dict[str, str]:
    """The settings of an instance that is killed before the statement with this number.

    :param beginning: counts only statements that begin with this text.
    :param parameter: counts only statements with this parameter.
    """
    return {
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin,statement_killer",
        "PYTHONPATH": os.pathsep.join((fleet.environment()["PYTHONPATH"], str(MODULES))),
        "STATEMENT_KILLER_AT": str(at),
        "STATEMENT_KILLER_BEGINNING": beginning,
        "STATEMENT_KILLER_PARAMETER": parameter,
        "STATEMENT_KILLER_LOG": str(statements_file(fleet)),
    }
