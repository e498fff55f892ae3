"""Kolibri's hook for options: section [Azure] of options.ini, built from the settings table.

Kolibri imports it before it reads its own options, in every command that reads any. Nothing here
uses the network.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from kolibri_azure_plugin.errors.fail_closed import fail_closed

with fail_closed():
    # A failed import must end the process too. Kolibri would go on without the plugin.
    from kolibri_azure_plugin.configuration import context, origins, preconditions, settings
    from kolibri_azure_plugin.configuration.management_commands import exec_if_requested
    from kolibri_azure_plugin.configuration.table import Row
    from kolibri_azure_plugin.logs.configuration import take_over

#: Commands of ``kolibri manage`` that are programs of their own, and work if Kolibri can't start.
PROGRAMS = {
    "azure_backup": "kolibri_azure_plugin.facility_data.backups",
    "azure_check": "kolibri_azure_plugin.doctor",
}


def _spec(row: Row) -> dict[str, Any]:
    spec: dict[str, Any] = {"description": row.help, "envvars": (row.variable, *row.fallbacks)}
    if isinstance(row.default, tuple):
        # Kolibri's spec has no empty list as a default. It uses the empty string.
        return {**spec, "type": "force_list", "default": list(row.default) or ""}
    if row.choices:
        return {**spec, "type": "option", "options": row.choices, "default": row.default}
    kinds = {bool: "boolean", int: "integer", str: "string"}
    return {**spec, "type": kinds[type(row.default)], "default": row.default}


def _forget_empty_variables() -> None:
    """Treat an empty app setting as not set. Kolibri would reject it as a number."""
    for _, row in settings.rows():
        if not os.environ.get(row.variable, "unset").strip():
            del os.environ[row.variable]


for _command, _program in PROGRAMS.items():
    exec_if_requested(_command, _program, sys.argv)

with fail_closed():
    preconditions.require_supported_kolibri()
    _forget_empty_variables()
    here = context.current()
    take_over(here.settings.log_format)
    preconditions.require_preconditions(here.deployment)
    origins.require_own_origin(here.deployment)
    option_spec = {settings.SECTION: {row.name: _spec(row) for _, row in settings.rows()}}
