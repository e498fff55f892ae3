"""Kolibri's hook for options: section [Azure] of options.ini, made of the settings table.

Kolibri imports it before it reads its own options, in every command that reads any. Nothing here
goes over the network.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from kolibri_azure_plugin.fail_closed import fail_closed

with fail_closed():
    # What can't be imported ends the process too: Kolibri would go on without the plugin.
    from kolibri_azure_plugin import context, origins, preconditions, settings
    from kolibri_azure_plugin.doctor.handover import become_the_doctor_if_asked
    from kolibri_azure_plugin.logs.configuration import take_over
    from kolibri_azure_plugin.settings_table import Row


def _spec(row: Row) -> dict[str, Any]:
    spec: dict[str, Any] = {"description": row.help, "envvars": (row.variable, *row.fallbacks)}
    if isinstance(row.default, tuple):
        # Kolibri's spec has no empty list for a default: it is the empty text there.
        return {**spec, "type": "force_list", "default": list(row.default) or ""}
    if row.choices:
        return {**spec, "type": "option", "options": row.choices, "default": row.default}
    kinds = {bool: "boolean", int: "integer", str: "string"}
    return {**spec, "type": kinds[type(row.default)], "default": row.default}


def _forget_empty_variables() -> None:
    """An empty app setting counts as not set; Kolibri would refuse it as a number."""
    for _, row in settings.rows():
        if not os.environ.get(row.variable, "unset").strip():
            del os.environ[row.variable]


become_the_doctor_if_asked(sys.argv)

with fail_closed():
    preconditions.require_supported_kolibri()
    _forget_empty_variables()
    here = context.current()
    take_over(here.settings.log_format)
    preconditions.require_content_on_share(here.settings, os.environ, here.options)
    origins.require_own_origin(here.settings, os.environ, here.options)
    if preconditions.wants_postgresql(here.settings, os.environ, here.options):
        preconditions.require_postgresql(os.environ, here.options)
        preconditions.require_no_password_on_disk(here.options)
        preconditions.require_own_caches(os.environ, here.options)
    option_spec = {settings.SECTION: {row.name: _spec(row) for _, row in settings.rows()}}
