"""Do the plugin's patches fit this version of Kolibri?"""

from __future__ import annotations

from kolibri_azure_plugin.configuration.settings import ZIP_CONTENT
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Measurement, Outcome, passed, warned
from kolibri_azure_plugin.doctor.registry import EVERY_ROLE, Registry, Scope
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.kolibri_patches.selection import (
    ACCEPT,
    relevant_patches,
    require_safety,
    select_patches,
)

CHECKS = Registry("kolibri")


@CHECKS.check(
    "patches",
    "Kolibri's functions are the ones that the plugin's patches were written for.",
    scope=Scope.INSTANCE,
    after=("kolibri.version", "kolibri.settings"),
    timeout=10,
    roles=EVERY_ROLE,
)
def patches(ctx: CheckContext) -> Outcome:
    """Reads the source files: Django is not loaded yet, and a start might fail here."""
    from kolibri.plugins import config

    on_postgresql = ctx.role != ZIP_CONTENT and ctx.wants_postgresql
    here = relevant_patches(ctx.role, on_postgresql=on_postgresql, plugins=config.ACTIVE_PLUGINS)
    selection = select_patches(here, Patch.fits_in_file)
    require_safety(selection, ctx.context.settings.accept_changed_kolibri)
    found: dict[str, Measurement] = {
        "patches": len(here),
        "left_out": [patch.target for patch in selection.left_out],
        "slower": selection.consequences(Kind.SPEED),
    }
    unsafe, wrong = (selection.consequences(kind) for kind in (Kind.SAFETY, Kind.CORRECTNESS))
    if not unsafe and not wrong:
        slower = "Patches for speed are left out: Kolibri is slower, but correct."
        return passed(slower if selection.left_out else "Every patch fits this Kolibri.", **found)
    return warned(
        f"Data may be lost or exposed: {ACCEPT} permits it."
        if unsafe
        else "This version of Kolibri has faults that the plugin fixes in other versions.",
        cause="\n".join([*unsafe, *wrong]),
        remedy="Install the version of Kolibri that the plugin's release names, or a newer plugin:"
        "\npip install -U kolibri-azure-plugin",
        **found,
    )
