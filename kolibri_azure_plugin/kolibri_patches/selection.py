"""Selects the patches that fit the installed Kolibri, and explains the consequences."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Callable

import kolibri

from kolibri_azure_plugin.configuration.settings import environment_variable
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import set_app_settings
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.kolibri_patches.tables import PATCHES

ACCEPT = environment_variable("accept_changed_kolibri")


@dataclasses.dataclass(frozen=True)
class PatchSelection:
    """The result of a selection.

    :param fitting: the patches that may be applied.
    :param left_out: the patches that may not, each with the changed functions that are the reason:
        its own, or those of the patches that it needs.
    """

    fitting: tuple[Patch, ...]
    left_out: Mapping[Patch, Sequence[str]]

    def consequences(self, kind: Kind) -> list[str]:
        """The consequences of leaving out patches of a kind, one line for each."""
        found: dict[str, list[str]] = {}
        for patch, changed in self.left_out.items():
            if patch.kind is kind:
                found.setdefault(patch.without, []).extend(changed)
        return [
            f"{_changed(changed)}, so the plugin leaves out a patch: {without}"
            for without, changed in found.items()
        ]


def relevant_patches(role: str, *, on_postgresql: bool, plugins: Collection[str]) -> list[Patch]:
    """The patches for a process.

    :param role: the value of KOLIBRI_AZURE_ROLE.
    :param plugins: Kolibri's enabled plugins.
    """
    return [
        patch
        for patch in PATCHES
        if role in patch.roles
        and (on_postgresql or not patch.postgresql_only)
        and (not patch.plugin or patch.plugin in plugins)
    ]


def select_patches(patches: Sequence[Patch], fits: Callable[[Patch], bool]) -> PatchSelection:
    """Separate the patches that may be applied from the others."""
    causes = {patch.target: set() if fits(patch) else {patch.target} for patch in patches}
    # A needed patch may need others in turn.
    for _ in patches:
        for patch in patches:
            causes[patch.target].update(*(causes.get(target, ()) for target in patch.needs))
    return PatchSelection(
        tuple(patch for patch in patches if not causes[patch.target]),
        {patch: sorted(causes[patch.target]) for patch in patches if causes[patch.target]},
    )


def require_safety(selection: PatchSelection, accepted: str) -> None:
    """Refuse to start without a patch that prevents data from being lost or exposed.

    :param accepted: the version of Kolibri for which the administrator accepts that.
    :raises SettingsError: naming each such patch, and the consequence of leaving it out.
    """
    consequences = selection.consequences(Kind.SAFETY)
    if not consequences or accepted == kolibri.__version__:
        return
    raise SettingsError(
        "Kolibri has changed functions that this plugin patches to keep data safe.",
        expected="the functions of Kolibri that this version of the plugin was written for",
        found="\n".join(consequences),
        remedy="Install the version of Kolibri that the plugin's release supports, or a newer "
        "plugin. To start without these patches, with this version of Kolibri only:\n"
        + set_app_settings(f"{ACCEPT}={kolibri.__version__}"),
        code="kolibri-changed",
    )


def _changed(names: Collection[str]) -> str:
    return f"Kolibri {kolibri.__version__} has changed {', '.join(sorted(set(names)))}"
