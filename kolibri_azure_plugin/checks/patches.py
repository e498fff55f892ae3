"""Is Kolibri still the one that the plugin's patches were written for?"""

from __future__ import annotations

from kolibri_azure_plugin.checks.model import (
    EVERY_ROLE,
    Measurement,
    Outcome,
    Registry,
    Scope,
    passed,
    warned,
)
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.kolibri_patches.judgement import (
    ACCEPT,
    judge,
    require_safety,
    wanted,
)
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.settings import ZIP_CONTENT

CHECKS = Registry("kolibri")


@CHECKS.check(
    "patches",
    "Kolibri's functions are those that the plugin's changes of them were written for.",
    scope=Scope.INSTANCE,
    after=("kolibri.version", "kolibri.settings"),
    timeout=10,
    roles=EVERY_ROLE,
)
def patches(subject: Subject) -> Outcome:
    """By their files: Django is not loaded yet, and a start that would end can't be asked."""
    from kolibri.plugins import config

    on_postgresql = subject.role != ZIP_CONTENT and subject.wants_postgresql
    here = wanted(subject.role, on_postgresql=on_postgresql, plugins=config.ACTIVE_PLUGINS)
    judgement = judge(here, Patch.fits_in_file)
    require_safety(judgement, subject.context.settings.accept_changed_kolibri)
    found: dict[str, Measurement] = {
        "patches": len(here),
        "left_out": [patch.target for patch in judgement.left_out],
        "slower": judgement.consequences(Kind.SPEED),
    }
    unsafe, wrong = (judgement.consequences(kind) for kind in (Kind.SAFETY, Kind.CORRECTNESS))
    if not unsafe and not wrong:
        slower = "Without those that are left out, Kolibri is slower, and not wrong."
        return passed(slower if judgement.left_out else "They are.", **found)
    return warned(
        f"Data may be lost or exposed: {ACCEPT} permits it."
        if unsafe
        else "Something in Kolibri is wrong that the plugin mends in other versions.",
        cause="\n".join([*unsafe, *wrong]),
        remedy="Install the version of Kolibri that the plugin's release names, or a newer plugin:"
        "\npip install -U kolibri-azure-plugin",
        **found,
    )
